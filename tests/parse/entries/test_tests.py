"""Generic tests as written in YAML (PROJ-197..200)."""

from __future__ import annotations

import pytest
from tests.parse.yaml_world import YamlWorld, codes, parse_yaml, places

from upriver.resources import definitions
from upriver.resources.definitions import NodePatch, ParsedFile


def _parse(test: str, world: YamlWorld | None = None) -> ParsedFile:
    return parse_yaml(f"models:\n- name: a\n  data_tests:\n  - {test}\n", world)


def _item(test: str, world: YamlWorld | None = None) -> definitions.TestItem:
    [patch] = _parse(test, world).definitions
    assert isinstance(patch, NodePatch)
    return patch.tests[0]


@pytest.mark.parametrize(
    ("test", "name", "namespace"),
    [
        ("unique", "unique", None),
        ("pkg.unique", "unique", "pkg"),
        ("unique: {}", "unique", None),
        ("pkg.unique: {}", "unique", "pkg"),
        ("{test_name: pkg.unique}", "unique", "pkg"),
    ],
)
def test_names(test: str, name: str, namespace: str | None) -> None:
    item = _item(test)
    assert (item.name, item.namespace) == (name, namespace)


@pytest.mark.parametrize(
    "test",
    [
        "in: {values: [1], severity: warn, name: n, description: d}",
        "in: {arguments: {values: [1]}, config: {severity: warn}, name: n, description: d}",
        "{test_name: in, values: [1], config: {severity: warn}, name: n, description: d}",
    ],
)
def test_three_ways_to_write_the_same(test: str) -> None:
    item = _item(test)
    assert (item.name, item.arguments) == ("in", {"values": [1]})
    assert item.config == {"severity": "warn"}
    assert (item.custom_name, item.description) == ("n", "d")


def test_nested_arguments_win_over_those_beside_them() -> None:
    assert _item("t: {a: 1, b: 1, arguments: {a: 2}}").arguments == {"a": 2, "b": 1}


def test_config_may_stand_among_the_arguments() -> None:
    item = _item("t: {arguments: {a: 1, config: {where: x}, name: n}, config: {limit: 2}}")
    assert (item.arguments, item.config, item.custom_name) == ({"a": 1}, {"where": "x"}, "n")


def test_config_is_rendered_and_arguments_are_not() -> None:
    item = _item("t: {where: \"{{ var('w') }} = 1\", arguments: {to: \"{{ ref('b') }}\"}}",
                 YamlWorld({"w": "x"}))  # fmt: skip
    assert item.config == {"where": "x = 1"}
    assert item.arguments == {"to": "{{ ref('b') }}"}


def test_arguments_beside_the_name_are_deprecated_once_per_file() -> None:
    parsed = parse_yaml("models: [{name: a, data_tests: [t: {x: 1}, t: {y: 1}]}]")
    [problem] = parsed.problems
    assert problem.code == "test-arguments-not-nested"
    assert problem.event == "MissingArgumentsPropertyInGenericTestDeprecation"
    assert problem.message.startswith("2 tests")


def test_without_the_flag_arguments_is_an_ordinary_argument() -> None:
    world = YamlWorld(flags={"REQUIRE_GENERIC_TEST_ARGUMENTS_PROPERTY": False})
    assert _item("t: {arguments: {a: 1}}", world).arguments == {"arguments": {"a": 1}}
    assert codes(_parse("t: {a: 1}", world)) == []


@pytest.mark.parametrize(
    ("test", "code", "keys"),
    [
        ("5", "test-shape", (0,)),
        ("{}", "test-shape", (0,)),
        ("{a: {}, b: {}}", "test-shape", (0,)),
        ("unique:", "test-shape", (0, "unique")),
        ("unique: [1]", "test-shape", (0, "unique")),
        ("unique: {config: [a]}", "property-type", (0, "unique", "config")),
        ("unique: {name: 5}", "property-type", (0, "unique", "name")),
        (
            "unique: {severity: warn, config: {severity: error}}",
            "test-config-twice",
            (0, "unique", "severity"),
        ),
    ],
)
def test_mistakes(test: str, code: str, keys: tuple[str | int, ...]) -> None:
    parsed = _parse(test)
    assert codes(parsed) == [code]
    assert places(parsed) == [("models", 0, "data_tests", *keys)]


def test_both_spellings_together_are_a_mistake() -> None:
    parsed = parse_yaml("models: [{name: a, tests: [x], data_tests: [y]}]")
    assert codes(parsed) == ["tests-named-twice"]
