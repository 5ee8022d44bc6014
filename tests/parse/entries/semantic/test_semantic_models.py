"""Semantic models as property files give them (PROJ-158)."""

from __future__ import annotations

import pytest
from tests.parse.yaml_world import codes, parse_yaml

from upriver.resources.calls import RefCall
from upriver.resources.definitions import YamlDefinition


def test_elements_are_whole() -> None:
    parsed = parse_yaml(
        "semantic_models:\n"
        "  - name: s\n"
        "    model: ref('pkg', 'm', v=2)\n"
        "    description: '{{ doc(\"d\") }}'\n"
        "    dimensions:\n"
        "      - {name: d, type: Time, type_params: {time_granularity: DAY},"
        " description: '{{ doc(\"d\") }}'}\n"
        "    measures: [{name: n, agg: SUM, expr: 1}, {name: b, agg: sum_boolean, expr: true}]\n"
    )
    assert parsed.problems == ()
    (definition,) = parsed.definitions
    assert isinstance(definition, YamlDefinition)
    assert definition.facts.refs == (RefCall(name="m", package="pkg", version=2),)
    body = definition.body
    assert body["description"] == '{{ doc("d") }}'
    assert body["dimensions"][0]["type_params"] == {
        "time_granularity": "day",
        "validity_params": None,
    }
    assert body["dimensions"][0]["description"] == '{{ doc("d") }}'
    assert [(one["agg"], one["expr"]) for one in body["measures"]] == [
        ("sum", "1"),
        ("sum_boolean", "True"),
    ]


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("", ["property-missing"]),
        ("model: orders", ["semantic-model-of-nothing"]),
        ("model: \"source('a', 'b')\"", ["semantic-model-of-nothing"]),
        ("model: ref('m'), measures: [{name: a, agg: summ}]", ["property-value"]),
        ("model: ref('m'), measures: [{name: a}]", ["property-missing"]),
        ("model: ref('m'), measures: [a]", ["property-type"]),
        ("model: ref('m'), measures: [{name: a, agg: sum, sql: x}]", ["property-unknown"]),
        ("model: ref('m'), entities: [{name: a, type: main}]", ["property-value"]),
        (
            "model: ref('m'), dimensions: [{name: a, type: time,"
            " type_params: {time_granularity: eon}}]",
            ["property-value"],
        ),
    ],
)
def test_mistakes(rest: str, found: list[str]) -> None:
    parsed = parse_yaml(f"semantic_models: [{{name: s, {rest}}}]\n")
    assert codes(parsed) == found
    assert parsed.definitions == ()
