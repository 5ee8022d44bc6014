"""Unit tests (PROJ-208..214)."""

from __future__ import annotations

import pytest
from tests.parse.yaml_world import YamlWorld, codes, parse_yaml, places

from upriver.resources.definitions import YamlDefinition

_UNIT = "unit_tests:\n- name: u\n  model: a\n"
_BOTH = "  given: []\n  expect: {rows: []}\n"


def test_a_unit_test_is_rendered() -> None:
    parsed = parse_yaml(
        _UNIT + "  description: \"{{ doc('x') }}\"\n"
        "  given: [{input: ref('a'), rows: [{id: \"{{ var('n') }}\"}]}, {input: this, rows: []}]\n"
        '  expect: {rows: "id\\n1", format: csv}\n'
        "  overrides: {macros: {is_incremental: true}, vars: {a: 1}, env_vars: {B: x}}\n"
        "  versions: {include: [1]}\n",
        YamlWorld({"n": 7}),
    )
    assert codes(parsed) == []
    [test] = parsed.definitions
    assert isinstance(test, YamlDefinition)
    assert test.body["given"][0] == {"input": "ref('a')", "rows": [{"id": 7}]}
    assert test.body["description"] == "{{ doc('x') }}"
    assert test.body["overrides"]["macros"] == {"is_incremental": True}


@pytest.mark.parametrize(
    ("entry", "code", "keys"),
    [
        ("  given: []\n", "property-missing", ()),
        ("  expect: {rows: []}\n", "property-missing", ()),
        (f"{_BOTH}  zork: 1\n", "property-unknown", ("zork",)),
        (f"{_BOTH}  overrides: {{zork: {{}}}}\n", "property-unknown", ("overrides", "zork")),
        (f"{_BOTH}  versions: {{zork: []}}\n", "property-unknown", ("versions", "zork")),
        ("  expect: {rows: []}\n  given: [{rows: []}]\n", "property-missing", ("given", 0)),
        ("  expect: {rows: []}\n  given: [x]\n", "property-type", ("given", 0)),
        (
            "  expect: {rows: []}\n  given: [{input: b, rows: []}]\n",
            "unit-test-input-invalid",
            ("given", 0, "input"),
        ),
        (
            "  expect: {rows: []}\n  given: [{input: this, zork: 1}]\n",
            "property-unknown",
            ("given", 0, "zork"),
        ),
        ("  given: []\n  expect: {format: zork}\n", "property-value", ("expect", "format")),
        ("  given: []\n  expect: {rows: [1]}\n", "property-type", ("expect", "rows", 0)),
        ("  given: []\n  expect: {rows: x}\n", "unit-test-rows-invalid", ("expect", "rows")),
        (
            "  given: []\n  expect: {rows: [], format: csv}\n",
            "unit-test-rows-invalid",
            ("expect", "rows"),
        ),
        ("  given: []\n  expect: {format: sql}\n", "unit-test-rows-invalid", ("expect",)),
        ("  given: []\n  expect: {fixture: f}\n", "unit-test-rows-invalid", ("expect", "fixture")),
        (
            "  given: []\n  expect: {rows: [], fixture: f}\n",
            "unit-test-rows-and-fixture",
            ("expect", "fixture"),
        ),
    ],
)
def test_mistakes(entry: str, code: str, keys: tuple[str | int, ...]) -> None:
    parsed = parse_yaml(_UNIT + entry)
    assert codes(parsed) == [code]
    assert places(parsed) == [("unit_tests", 0, *keys)]
