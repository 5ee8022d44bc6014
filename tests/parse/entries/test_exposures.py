"""Exposures and groups (PROJ-160, PROJ-251)."""

from __future__ import annotations

import pytest
from tests.parse.yaml_world import codes, parse_yaml, places

from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.definitions import YamlDefinition

_EXPOSURE = "exposures:\n- name: e\n  type: dashboard\n  owner: {name: x}\n  "


def test_dependencies_become_facts() -> None:
    parsed = parse_yaml(f"""{_EXPOSURE}meta: {{a: 1}}
  depends_on:
    - ref('a')
    - ref('p', 'b', v=2)
    - ref("a")
    - source('s', 't')
    - metric('m')
    - "{{{{ ref('c') }}}}"
""")
    [exposure] = parsed.definitions
    assert isinstance(exposure, YamlDefinition)
    assert exposure.facts.refs == (
        RefCall(name="a"),
        RefCall(name="b", package="p", version=2),
        RefCall(name="a"),
        RefCall(name="c"),
    )
    assert exposure.facts.sources == (SourceCall(source="s", table="t"),)
    assert exposure.facts.metrics == (RefCall(name="m"),)
    assert "depends_on" not in exposure.body
    assert exposure.body["meta"] == {"a": 1}


@pytest.mark.parametrize(
    ("entry", "code", "keys"),
    [
        ("zork: 1", "property-unknown", ("zork",)),
        ("maturity: ripe", "property-value", ("maturity",)),
        ("url: 5", "property-type", ("url",)),
        ("tags: a", "property-type", ("tags",)),
        ("depends_on: [x]", "exposure-dependency-unreadable", ("depends_on", 0)),
        ("depends_on: [1]", "property-type", ("depends_on", 0)),
        ("depends_on: x", "property-type", ("depends_on",)),
    ],
)
def test_mistakes_in_an_exposure(entry: str, code: str, keys: tuple[str | int, ...]) -> None:
    parsed = parse_yaml(_EXPOSURE + entry)
    assert codes(parsed) == [code]
    assert places(parsed) == [("exposures", 0, *keys)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("exposures: [{name: e, owner: {name: x}}]", ["property-missing"]),
        ("exposures: [{name: e, type: zork}]", ["property-value", "property-missing"]),
        ("exposures: [{name: e, type: ml, owner: {slack: x}}]", ["owner-unnamed"]),
        ("exposures: [{name: e x, type: ml, owner: {name: x}}]", ["exposure-name-deprecated"]),
        ("groups: [{name: g}]", ["property-missing"]),
        ("groups: [{name: g, owner: {slack: x}}]", ["owner-unnamed"]),
        ("groups: [{name: g, owner: x}]", ["property-type", "property-missing"]),
        ("groups: [{name: g, owner: {email: x}, zork: 1}]", ["property-unknown"]),
    ],
)
def test_what_owns_needs_a_type_and_an_owner(text: str, found: list[str]) -> None:
    assert codes(parse_yaml(text)) == found


def test_a_group() -> None:
    [group] = parse_yaml("groups: [{name: g, owner: {email: [a, b], slack: c}}]").definitions
    assert isinstance(group, YamlDefinition)
    assert group.body == {"name": "g", "owner": {"email": ["a", "b"], "slack": "c"}}
