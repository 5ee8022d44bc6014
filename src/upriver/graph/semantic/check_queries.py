"""Filters of metrics, and what saved queries ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from upriver.graph.drafts import Draft, Scope
from upriver.graph.semantic.items import Item, UnreadableFilterError, read_items
from upriver.graph.semantic.layer import Report, SemanticLayer
from upriver.problems import Key
from upriver.resources.nearest import nearest_hint
from upriver.resources.semantic import GRANULARITIES


def check_filters(scope: Scope, layer: SemanticLayer) -> None:
    """Check that every filter can be read."""
    custom = layer.custom_granularities
    for draft in (*layer.metrics, *layer.queries):
        report = Report(scope, draft)
        for place, written in _filters(draft):
            for one in written["where_filters"]:
                _check_filter(report, one["where_sql_template"], place, custom)


def _filters(draft: Draft) -> Iterator[tuple[tuple[Key, ...], Mapping[str, Any]]]:
    """Give every filter of a metric or saved query with its place."""
    if draft.kind == "saved_query":
        where = draft.values["query_params"]["where"]
        if where is not None:
            yield ("query_params", "where"), where
        return
    if draft.values["filter"] is not None:
        yield ("filter",), draft.values["filter"]
    params = draft.values["type_params"]
    for key in ("measure", "numerator", "denominator"):
        if params[key] is not None and params[key]["filter"] is not None:
            yield ("type_params", key, "filter"), params[key]["filter"]
    for at, one in enumerate(params["metrics"]):
        if one["filter"] is not None:
            yield ("type_params", "metrics", at, "filter"), one["filter"]


def _check_filter(
    report: Report, text: str, place: tuple[Key, ...], custom: frozenset[str]
) -> None:
    # A text without tags names nothing.
    for item in _read(report, text, place) if "{" in text else ():
        grain = item.grain
        if grain is not None and grain not in GRANULARITIES and grain not in custom:
            report.doubt(
                "semantic-filter-doubtful",
                f"A filter of `{report.draft.name}` has the granularity `{grain}`, which there "
                "is none of",
                *place,
                hint=nearest_hint(grain, (*GRANULARITIES, *custom)),
            )


def _read(
    report: Report, text: str, place: tuple[Key, ...], *, is_ordering: bool = False
) -> tuple[Item, ...]:
    try:
        return read_items(text, is_ordering=is_ordering)
    except UnreadableFilterError as error:
        report(
            "semantic-filter-invalid",
            f"`{text}` of `{report.draft.name}` cannot be read: {error}",
            *place,
            hint="Name things as `Dimension('entity__name')`, `TimeDimension('metric_time', "
            "'month')`, `Entity('name')` or `Metric('name')`",
        )
        return ()


def check_queries(scope: Scope, layer: SemanticLayer) -> None:
    """Check what saved queries group by, order by and limit."""
    if not layer.queries:
        return
    names = {"metric_time", *(metric.name for metric in layer.metrics)}
    for model in layer.models:
        for key in ("dimensions", "entities"):
            names.update(one["name"] for one in model.values[key])
    for query in layer.queries:
        _check_query(Report(scope, query), query, names)


def _check_query(report: Report, query: Draft, names: set[str]) -> None:
    params = query.values["query_params"]
    known: set[Item] = {Item(kind="Metric", name=name) for name in params["metrics"]}
    for at, text in enumerate(params["group_by"]):
        place = ("query_params", "group_by", at)
        before = len(report.problems)
        items = _read(report, f"{{{{ {text} }}}}", place)
        known.update(items)
        if len(report.problems) > before:
            continue
        if len(items) != 1 or items[0].name not in names:
            report(
                "saved-query-invalid",
                f"`{query.name}` is grouped by `{text}`, which names no dimension, entity or "
                "metric",
                *place,
                hint=nearest_hint(items[0].name, names) if len(items) == 1 else None,
            )
    for at, text in enumerate(params["order_by"]):
        place = ("query_params", "order_by", at)
        before = len(report.problems)
        items = _read(report, f"{{{{ {text} }}}}", place, is_ordering=True)
        if len(report.problems) > before:
            continue
        if len(items) != 1 or replace(items[0], is_descending=None) not in known:
            report(
                "saved-query-invalid",
                f"`{query.name}` is ordered by `{text}`, which is none of its metrics and "
                "groupings",
                *place,
            )
    limit = params["limit"]
    if limit is not None and limit < 0:
        report(
            "saved-query-invalid",
            f"`{query.name}` has the limit `{limit}`",
            "query_params",
            "limit",
        )
