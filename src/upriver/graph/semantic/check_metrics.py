"""Metrics: their windows, inputs and aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.graph.drafts import Draft, Scope
from upriver.graph.semantic.check_names import check_name
from upriver.graph.semantic.layer import Report, SemanticLayer
from upriver.resources.semantic import GRANULARITIES

_ALIAS_HINT = "Choose another alias"


def check_metrics(scope: Scope, layer: SemanticLayer) -> None:
    """Check every metric."""
    custom = layer.custom_granularities
    old: list[Draft] = []
    for metric in layer.metrics:
        report = Report(scope, metric)
        match metric.values["type"]:
            case "cumulative":
                _check_cumulative(report, metric, custom)
                params = metric.values["type_params"]
                if params["window"] or params["grain_to_date"]:
                    old.append(metric)
            case "derived":
                _check_derived(report, metric, custom)
            case "conversion":
                _check_conversion(report, metric, layer, custom)
        _check_versions_of_measures(report, metric)
    _check_aliases(scope, layer)
    if old:
        _report_old(scope, old)


def _report_old(scope: Scope, metrics: list[Draft]) -> None:
    """Report parameters where they used to stand, once."""
    listed = ", ".join(f"`{metric.name}`" for metric in metrics)
    is_wrong = scope.inputs.flags.require_nested_cumulative_type_params
    scope.report(
        "metric-parameters-not-nested",
        f"`window` and `grain_to_date` stand beside `cumulative_type_params` in {listed}, which "
        "is deprecated",
        metrics[0].span,
        unique_id=metrics[0].unique_id,
        hint="Indent them below `cumulative_type_params:`",
        is_warning=not is_wrong,
        event=None if is_wrong else "MFCumulativeTypeParamsDeprecation",
    )


def _check_window(
    report: Report,
    name: str,
    window: Mapping[str, Any] | None,
    custom: frozenset[str],
    *,
    may_be_custom: bool = False,
) -> None:
    if window is None:
        return
    granularity = str(window["granularity"])
    singular = granularity.removesuffix("s")
    if singular in GRANULARITIES or granularity in GRANULARITIES:
        return
    if may_be_custom and (singular in custom or granularity in custom):
        return
    report(
        "metric-window-invalid",
        f"The window `{window['count']} {granularity}` of the metric `{name}` has no standard "
        "granularity",
        "type_params",
        hint=f"Granularities are {', '.join(GRANULARITIES)}",
    )


def _check_cumulative(report: Report, metric: Draft, custom: frozenset[str]) -> None:
    params = metric.values["type_params"]
    nested = params["cumulative_type_params"]
    window, grain = nested["window"], nested["grain_to_date"]
    if params["window"] is not None and window != params["window"]:
        report(
            "metric-invalid",
            f"The metric `{metric.name}` has two windows that differ",
            "type_params",
            hint="Keep the one under `cumulative_type_params`",
        )
    if window and grain:
        report(
            "metric-invalid",
            f"The metric `{metric.name}` has both `window` and `grain_to_date`",
            "type_params",
            hint="Keep one of them",
        )
    if grain and str(grain).lower() not in GRANULARITIES:
        report(
            "metric-invalid",
            f"`grain_to_date` of the metric `{metric.name}` is `{grain}`, which is no standard "
            "granularity",
            "type_params",
        )
    _check_window(report, metric.name, window, custom)


def _check_derived(report: Report, metric: Draft, custom: frozenset[str]) -> None:
    params = metric.values["type_params"]
    inputs = params["metrics"]
    expression = params["expr"]
    names = {one["name"] for one in inputs}
    if not expression:
        report.doubt(
            "metric-doubtful",
            f"The metric `{metric.name}` is derived, and has no `expr`",
            "type_params",
        )
    for at, one in enumerate(inputs):
        place = ("type_params", "metrics", at)
        alias = one["alias"]
        if alias is not None:
            check_name(report, alias, *place)
            if alias in names:
                report(
                    "metric-invalid",
                    f"The alias `{alias}` in the metric `{metric.name}` is the name of an input",
                    *place,
                    hint=_ALIAS_HINT,
                )
        if expression and (alias or one["name"]) not in expression:
            report.doubt(
                "metric-doubtful",
                f"`expr` of the metric `{metric.name}` does not use the input "
                f"`{alias or one['name']}`",
                *place,
            )
        grain = one["offset_to_grain"]
        if grain and one["offset_window"]:
            report(
                "metric-invalid",
                f"The input `{one['name']}` of the metric `{metric.name}` has both "
                "`offset_window` and `offset_to_grain`",
                *place,
                hint="Keep one of them",
            )
        if grain and grain.lower() not in GRANULARITIES:
            report(
                "metric-invalid",
                f"`offset_to_grain` in the metric `{metric.name}` is `{grain}`, which is no "
                "standard granularity",
                *place,
            )
        _check_window(report, metric.name, one["offset_window"], custom, may_be_custom=True)


def _check_conversion(
    report: Report, metric: Draft, layer: SemanticLayer, custom: frozenset[str]
) -> None:
    params = metric.values["type_params"]["conversion_type_params"]
    constants = params["constant_properties"] or ()
    for side in ("base", "conversion"):
        written = params[f"{side}_measure"]
        found = _measure(layer, written["name"])
        if found is None:
            continue
        model, measure = found
        entities = {one["name"] for one in model.values["entities"]}
        if params["entity"] not in entities:
            report(
                "metric-invalid",
                f"The metric `{metric.name}` is about the entity `{params['entity']}`, which "
                f"`{model.name}` does not have",
                "type_params",
                "conversion_type_params",
                "entity",
            )
        is_counted = measure["agg"] in ("count", "count_distinct")
        if not is_counted and (measure["agg"], measure["expr"]) != ("sum", "1"):
            report(
                "metric-invalid",
                f"The metric `{metric.name}` counts conversions, and its measure "
                f"`{measure['name']}` is no count",
                "type_params",
                hint="Use `count`, `count_distinct`, or the `sum` of `1`",
            )
        if side == "conversion" and written["filter"] is not None:
            report.doubt(
                "metric-doubtful",
                f"The conversion measure of `{metric.name}` has a filter, which MetricFlow does "
                "not fully support",
                "type_params",
            )
        elements = entities | {one["name"] for one in model.values["dimensions"]}
        for constant in constants:
            if constant[f"{side}_property"] not in elements:
                report(
                    "metric-invalid",
                    f"The metric `{metric.name}` holds `{constant[f'{side}_property']}` "
                    f"constant, which `{model.name}` does not have",
                    "type_params",
                )
    _check_window(report, metric.name, params["window"], custom)


def _measure(layer: SemanticLayer, name: str) -> tuple[Draft, Mapping[str, Any]] | None:
    for model in layer.models:
        for measure in model.values["measures"]:
            if measure["name"] == name:
                return model, measure
    return None


def _check_versions_of_measures(report: Report, metric: Draft) -> None:
    """Check that differing versions of one measure are told apart by aliases."""
    inputs = metric.values["type_params"]["input_measures"]
    names = [one["name"] for one in inputs]
    for name in dict.fromkeys(names):
        versions = [one for one in inputs if one["name"] == name]
        if len(versions) > 1 and any(one["filter"] and not one["alias"] for one in versions):
            report(
                "metric-invalid",
                f"The metric `{metric.name}` uses the measure `{name}` with different filters, "
                "and not all of them have an alias",
                "type_params",
            )


def _check_aliases(scope: Scope, layer: SemanticLayer) -> None:
    """Check that an alias of a measure names nothing else in the whole layer."""
    measures = {one["name"] for model in layer.models for one in model.values["measures"]}
    known: dict[str, str] = {}
    for metric in layer.metrics:
        report = Report(scope, metric)
        for one in metric.values["type_params"]["input_measures"]:
            alias = one["alias"]
            if alias is None:
                continue
            if alias in measures:
                report(
                    "metric-invalid",
                    f"The alias `{alias}` in the metric `{metric.name}` is the name of a measure",
                    "type_params",
                    hint=_ALIAS_HINT,
                )
            first = known.setdefault(alias, metric.name)
            if first != metric.name:
                report(
                    "metric-invalid",
                    f"The metrics `{first}` and `{metric.name}` both come by the alias `{alias}` "
                    "of a measure",
                    "type_params",
                    hint="Metrics inherit the measures of what they are computed from; remove "
                    "the alias, or let one metric use the measure",
                )
