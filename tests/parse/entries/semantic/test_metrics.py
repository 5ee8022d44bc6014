"""Metrics and saved queries as property files give them (PROJ-157, PROJ-159)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.parse.yaml_world import YamlWorld, codes, parse_yaml

from upriver.resources.definitions import YamlDefinition


def _body(text: str, world: YamlWorld | None = None) -> dict[str, Any]:
    parsed = parse_yaml(text, world)
    assert parsed.problems == ()
    (definition,) = parsed.definitions
    assert isinstance(definition, YamlDefinition)
    return definition.body


def _metric(rest: str) -> str:
    return f"metrics:\n  - {{name: m, label: M, {rest}}}\n"


def test_every_field_is_there_whatever_was_written() -> None:
    body = _body(_metric("type: simple, type_params: {measure: total}"))
    assert body["type_params"]["measure"] == {
        "name": "total",
        "filter": None,
        "alias": None,
        "join_to_timespine": False,
        "fill_nulls_with": None,
    }
    assert (body["description"], body["tags"], body["filter"]) == ("", [], None)


def test_filters_are_not_rendered_and_everything_else_is() -> None:
    text = _metric(
        "type: simple, filter: \"{{ Dimension('a__b') }}\", meta: {x: \"{{ var('x') }}\"},"
        ' type_params: {measure: {name: "{{ var(\'x\') }}", filter: ["{{ zork }}"]}}'
    )
    body = _body(text, YamlWorld({"x": "total"}))
    assert body["filter"] == {"where_filters": [{"where_sql_template": "{{ Dimension('a__b') }}"}]}
    assert body["type_params"]["measure"]["name"] == "total"
    where = body["type_params"]["measure"]["filter"]["where_filters"]
    assert where == [{"where_sql_template": "{{ zork }}"}]


@pytest.mark.parametrize(
    ("written", "granularity"), [("28 days", "day"), ("1 MONTH", "month"), ("2 weirds", "weirds")]
)
def test_windows(written: str, granularity: str) -> None:
    params = f"{{measure: a, cumulative_type_params: {{window: {written}}}}}"
    body = _body(_metric(f"type: cumulative, type_params: {params}"))
    assert body["type_params"]["cumulative_type_params"]["window"]["granularity"] == granularity


def test_old_places_of_cumulative_parameters_count() -> None:
    body = _body(_metric("type: cumulative, type_params: {measure: a, grain_to_date: Month}"))
    assert body["type_params"]["cumulative_type_params"] == {
        "window": None,
        "grain_to_date": "month",
        "period_agg": "first",
        "metric": None,
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (_metric("type: simple, type_params: {}"), ["metric-incomplete"]),
        (_metric("type: ratio, type_params: {numerator: a}"), ["metric-incomplete"]),
        (_metric("type: simpel, type_params: {measure: a}"), ["property-value"]),
        (_metric("type: simple, type_params: {measure: a, mesure: b}"), ["property-unknown"]),
        (_metric("type: simple"), ["property-missing"]),
        (_metric("type: derived, type_params: {metrics: [3]}"), ["property-type"]),
        (
            _metric("type: cumulative, type_params: {measure: a, window: week}"),
            ["metric-window-invalid"],
        ),
        (
            "metrics: [{name: 1m, label: M, type: simple, type_params: {measure: a}}]\n",
            ["metric-name-invalid"],
        ),
        ("saved_queries: [{name: q}]\n", ["property-missing"]),
        ("saved_queries: [{name: q, query_params: {metric: [a]}}]\n", ["property-unknown"]),
        (
            "saved_queries:\n  - {name: q, query_params: {},"
            " exports: [{name: e, config: {export_as: file}}]}\n",
            ["property-value"],
        ),
        (
            "models:\n  - name: m\n    time_spine: {standard_granularity_column: a}\n",
            ["time-spine-column-unknown"],
        ),
        (
            "models:\n  - name: m\n    time_spine: {standard_granularity_column: a}\n"
            "    columns: [{name: a}]\n",
            ["time-spine-column-unknown"],
        ),
    ],
)
def test_mistakes(text: str, found: list[str]) -> None:
    assert codes(parse_yaml(text)) == found


def test_saved_query() -> None:
    body = _body("saved_queries: [{name: q, tags: a, query_params: {metrics: [m], where: x}}]\n")
    assert body["tags"] == ["a"]
    assert body["query_params"] == {
        "metrics": ["m"],
        "group_by": [],
        "where": {"where_filters": [{"where_sql_template": "x"}]},
        "order_by": [],
        "limit": None,
    }
