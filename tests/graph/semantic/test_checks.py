"""What can be wrong with a semantic layer, one mistake at a time (PROJ-145)."""

from __future__ import annotations

import re

import pytest
from tests.graph.linked_project import codes, link_texts, resource

GOOD = """
models:
  - name: spine
    time_spine:
      standard_granularity_column: day
      custom_granularities: [{name: fiscal}]
    columns: [{name: day, granularity: day}, {name: fiscal}]
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_at}
    entities: [{name: order_id, type: primary}, {name: customer, type: foreign}]
    dimensions:
      - {name: ordered_at, type: time, type_params: {time_granularity: day}}
      - {name: channel, type: categorical}
    measures:
      - {name: total, agg: sum, expr: amount}
      - {name: order_count, agg: sum, expr: 1, create_metric: true}
  - name: customers
    model: ref('customers')
    defaults: {agg_time_dimension: created_at}
    entities: [{name: customer, type: primary}]
    dimensions: [{name: created_at, type: time, type_params: {time_granularity: day}}]
    measures: [{name: people, agg: count, expr: 1}]
metrics:
  - {name: revenue, label: Revenue, type: simple, type_params: {measure: total}}
  - name: growth
    label: Growth
    type: derived
    type_params:
      expr: revenue - before
      metrics: [revenue, {name: revenue, alias: before, offset_window: 1 month}]
  - name: average
    label: Average
    type: ratio
    type_params: {numerator: revenue, denominator: order_count}
  - name: running
    label: Running
    type: cumulative
    type_params: {measure: total, cumulative_type_params: {window: 7 days}}
  - name: conversion
    label: Conversion
    type: conversion
    type_params:
      conversion_type_params:
        {base_measure: people, conversion_measure: order_count, entity: customer}
saved_queries:
  - name: monthly
    query_params:
      metrics: [revenue]
      group_by: ["TimeDimension('metric_time', 'month')", "Dimension('order_id__channel')"]
      where: "{{ Dimension('order_id__channel') }} = 'web'"
      order_by: ["Metric('revenue').descending(True)"]
    exports: [{name: out, config: {export_as: table}}]
"""
FILES = {
    "models/orders.sql": "select 1 as order_id",
    "models/customers.sql": "select 1 as customer",
    "models/spine.sql": "select 1 as day",
}


def _link(text: str) -> list[str]:
    return codes(link_texts({**FILES, "models/semantic.yml": text}))


def test_a_good_layer_has_no_problems() -> None:
    assert _link(GOOD) == []


MISTAKES = [
    ("measure: total}}", "measure: totl}}", "measure-not-found"),
    ("metrics: [revenue, {", "metrics: [revenu, {", "metric-not-found"),
    ("denominator: order_count", "denominator: order_counts", "metric-not-found"),
    ("model: ref('orders')", "model: ref('order')", "ref-not-found"),
    ("name: channel", "name: Channel", "semantic-name-invalid"),
    ("name: channel", "name: select", "semantic-name-invalid"),
    ("name: channel", "name: metric_time", "semantic-name-invalid"),
    ("name: channel", "name: month", "semantic-name-invalid"),
    ("name: monthly", "name: monthly__", "semantic-name-invalid"),
    ("name: channel", "name: total", "semantic-name-twice"),
    ("people", "channel", "semantic-name-twice"),
    ("people", "total", "semantic-name-twice"),
    ("fiscal", "total", "semantic-name-twice"),
    ("label: Growth", "label: Revenue", "semantic-label-twice"),
    ("{name: order_id, type: primary}", "{name: order_id, type: unique}", "semantic-model-invalid"),
    ("customer, type: foreign", "customer, type: primary", "semantic-model-invalid"),
    ("customer, type: foreign", "customer, type: natural", "semantic-model-invalid"),
    ("agg_time_dimension: created_at", "agg_time_dimension: channel", "semantic-model-invalid"),
    ("name: created_at, type: time", "name: channel, type: time", "semantic-model-invalid"),
    ("{agg_time_dimension: created_at}", "{}", "measure-invalid"),
    ("agg: count, expr: 1", "agg: count", "measure-invalid"),
    ("agg: count, expr: 1", "agg: count, expr: distinct id", "measure-invalid"),
    ("agg: sum, expr: amount", "agg: percentile", "measure-invalid"),
    ("agg: sum, expr: amount", "agg: median, agg_params: {percentile: 0.1}", "measure-invalid"),
    ("agg: sum, expr: amount", "agg: sum, agg_params: {percentile: 0.1}", "measure-invalid"),
    (
        "agg: sum, expr: amount",
        "agg: sum, non_additive_dimension: {name: channel, window_choice: min}",
        "measure-invalid",
    ),
    ("alias: before, offset", "alias: revenue, offset", "metric-invalid"),
    ("window: 1 month}", "window: 1 month, offset_to_grain: month}", "metric-invalid"),
    ("offset_window: 1 month", "offset_to_grain: eon", "metric-invalid"),
    ("offset_window: 1 month", "offset_window: 1 eon", "metric-window-invalid"),
    ("window: 7 days}", "window: 7 days, grain_to_date: month}", "metric-invalid"),
    ("window: 7 days}", "window: 7 fiscal}", "metric-window-invalid"),
    ("entity: customer}", "entity: order_id}", "metric-invalid"),
    ("base_measure: people", "base_measure: total", "metric-invalid"),
    ('where: "{{ Dimension', 'where: "{{ Dimensions', "semantic-filter-invalid"),
    ("where: \"{{ Dimension('order_id__channel", "where: \"{{ Dimension('x", "semantic-filter-invalid"),
    ("\"Dimension('order_id__channel')\"]", "\"Dimension('order_id__shape')\"]", "saved-query-invalid"),
    ("Metric('revenue').desc", "Metric('growth').desc", "saved-query-invalid"),
    ("      where:", "      limit: -1\n      where:", "saved-query-invalid"),
    ("metrics: [revenue]", "metrics: [revenu]", "metric-not-found"),
    ("{export_as: table}", "{}", "export-without-destination"),
    ("granularity: day}, {name: fiscal}]", "granularity: week}, {name: fiscal}]", "time-spine-missing"),
    ("expr: revenue - before", "expr: revenue", "metric-doubtful"),
    ("time_granularity: day}}]", "time_granularity: hour}}]", "time-spine-doubtful"),
    ("type_params: {measure: total, cumulative_type_params: {window: 7 days}}",
     "type_params: {measure: total, window: 7 days}", "metric-parameters-not-nested"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "code"), MISTAKES)
def test_mistake(right: str, wrong: str, code: str) -> None:
    assert right in GOOD
    assert code in _link(GOOD.replace(right, wrong))


def test_mistakes_are_placed() -> None:
    text = GOOD.replace("people", "total")
    linked = link_texts({**FILES, "models/semantic.yml": text})
    (problem,) = (p for p in linked.problems if p.code == "semantic-name-twice")
    assert problem.span is not None
    assert problem.span.file == "models/semantic.yml"
    assert problem.span.keys == ("semantic_models", 1, "measures", 0, "name")


def test_a_model_named_like_the_legacy_time_spine_is_one() -> None:
    text = re.sub(r"models:\n  - name: spine.*?(?=semantic_models)", "", GOOD, flags=re.DOTALL)
    assert "time-spine-missing" in _link(text)
    files = {**FILES, "models/metricflow_time_spine.sql": "select 1", "models/semantic.yml": text}
    assert codes(link_texts(files)) == []


def test_metrics_inherit_measures_and_name_what_they_are_computed_from() -> None:
    linked = link_texts({**FILES, "models/semantic.yml": GOOD})
    average = resource(linked, "metric.shop.average")
    assert average.depends_on == ("metric.shop.revenue", "metric.shop.order_count")
    names = [one["name"] for one in average.type_params["input_measures"]]
    assert names == ["total", "order_count"]
    assert resource(linked, "metric.shop.revenue").depends_on == ("semantic_model.shop.orders",)
    orders = resource(linked, "semantic_model.shop.orders")
    assert orders.depends_on == ("model.shop.orders",)
    assert orders.node_relation["alias"] == "orders"


def test_metrics_computed_from_each_other_are_a_cycle() -> None:
    text = GOOD.replace("metrics: [revenue, {", "metrics: [other, {") + ""
    other = "  - {name: other, label: O, type: derived, type_params: {metrics: [growth]}}\n"
    text = text.replace("saved_queries:", f"{other}saved_queries:")
    assert "cycle" in _link(text)
