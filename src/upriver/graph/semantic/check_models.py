"""Semantic models: their entities, dimensions and measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from upriver.graph.drafts import Draft, Scope
from upriver.graph.semantic.layer import Report, SemanticLayer

_PERCENTILES = ("percentile", "use_discrete_percentile", "use_approximate_percentile")
_HALF = 0.5


def check_models(scope: Scope, layer: SemanticLayer) -> None:
    """Check every semantic model, and what they must agree on."""
    measures: dict[str, str] = {}
    dimensions: dict[str, tuple[str, bool, str]] = {}
    pairs: dict[tuple[str, str], str] = {}
    for model in layer.models:
        report = Report(scope, model)
        values = model.values
        _check_primary(report, model)
        _check_pairs(report, model, pairs)
        _check_natural(report, values)
        _check_validity(report, values)
        _check_default(report, values)
        _check_agreement(report, model, dimensions)
        for at, measure in enumerate(values["measures"]):
            first = measures.setdefault(measure["name"], model.name)
            if first != model.name:
                report(
                    "semantic-name-twice",
                    f"The measure `{measure['name']}` is one of `{first}` and of `{model.name}`",
                    "measures",
                    at,
                    "name",
                )
            _check_measure(report, values, measure, at)


def primary_entity(values: Mapping[str, Any]) -> str | None:
    """Return the name of a model's primary entity."""
    if values["primary_entity"] is not None:
        return str(values["primary_entity"])
    return next((e["name"] for e in values["entities"] if e["type"] == "primary"), None)


def _check_primary(report: Report, model: Draft) -> None:
    values = model.values
    primary = [one["name"] for one in values["entities"] if one["type"] == "primary"]
    if len(primary) > 1:
        listed = ", ".join(f"`{name}`" for name in primary)
        report(
            "semantic-model-invalid",
            f"`{model.name}` has more than one primary entity: {listed}",
            "entities",
        )
    if primary and values["primary_entity"] is not None:
        report(
            "semantic-model-invalid",
            f"`{model.name}` has the primary entity `{primary[0]}`, and `primary_entity` beside",
            "primary_entity",
            hint="Remove one of the two",
        )
    if values["dimensions"] and not primary and values["primary_entity"] is None:
        report(
            "semantic-model-invalid",
            f"`{model.name}` has dimensions, and no primary entity",
            "dimensions",
            hint="Add an entity of type `primary`, or `primary_entity: <name>`",
        )


def _check_pairs(report: Report, model: Draft, pairs: dict[tuple[str, str], str]) -> None:
    entity = primary_entity(model.values)
    if entity is None:
        return
    for at, dimension in enumerate(model.values["dimensions"]):
        first = pairs.setdefault((entity, dimension["name"]), model.name)
        if first != model.name:
            report(
                "semantic-name-twice",
                f"`{entity}__{dimension['name']}` is a dimension of `{first}` and of "
                f"`{model.name}`",
                "dimensions",
                at,
                "name",
            )


def _check_natural(report: Report, values: Mapping[str, Any]) -> None:
    natural = {one["name"] for one in values["entities"] if one["type"] == "natural"}
    if len(natural) > 1:
        report(
            "semantic-model-invalid",
            f"`{values['name']}` has more than one natural entity",
            "entities",
        )
    if natural and not _validity(values):
        report(
            "semantic-model-invalid",
            f"`{values['name']}` has a natural entity, and no dimensions with `validity_params`",
            "entities",
        )


def _validity(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        one["type_params"]["validity_params"]
        for one in values["dimensions"]
        if one["type_params"] is not None and one["type_params"]["validity_params"] is not None
    ]


def _check_validity(report: Report, values: Mapping[str, Any]) -> None:
    windows = _validity(values)
    if not windows:
        return
    name = values["name"]
    starts = sum(one["is_start"] for one in windows)
    ends = sum(one["is_end"] for one in windows)
    mistakes = []
    if len(windows) != 2 or (starts, ends) != (1, 1):  # noqa: PLR2004 # a start and an end
        mistakes.append("needs one dimension with `is_start` and one with `is_end`")
    types = {one["type"] for one in values["entities"]}
    if "natural" not in types:
        mistakes.append("needs an entity of type `natural`")
    if types & {"primary", "unique"}:
        mistakes.append("cannot have an entity of type `primary` or `unique`")
    if values["measures"]:
        mistakes.append("cannot have measures")
    for mistake in mistakes:
        report(
            "semantic-model-invalid",
            f"`{name}` has dimensions with `validity_params`, and {mistake}",
            "dimensions",
        )


def _check_default(report: Report, values: Mapping[str, Any]) -> None:
    default = (values["defaults"] or {}).get("agg_time_dimension")
    if default is not None and _time_dimension(values, default) is None:
        report(
            "semantic-model-invalid",
            f"`agg_time_dimension` of `{values['name']}` is `{default}`, which is no time "
            "dimension of it",
            "defaults",
        )


def _time_dimension(values: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    for one in values["dimensions"]:
        if one["name"] == name and one["type"] == "time":
            return one  # type: ignore[no-any-return]
    return None


def _check_agreement(
    report: Report, model: Draft, known: dict[str, tuple[str, bool, str]]
) -> None:
    """Check that dimensions of one name are alike in all models."""
    for at, one in enumerate(model.values["dimensions"]):
        kind, is_partition, where = known.setdefault(
            one["name"], (one["type"], one["is_partition"], model.name)
        )
        if (kind, is_partition) != (one["type"], one["is_partition"]):
            report(
                "semantic-model-invalid",
                f"The dimension `{one['name']}` of `{model.name}` differs in `type` or "
                f"`is_partition` from that of `{where}`",
                "dimensions",
                at,
            )


def _check_measure(
    report: Report, values: Mapping[str, Any], measure: Mapping[str, Any], at: int
) -> None:
    name = measure["name"]

    def wrong(message: str, hint: str | None = None) -> None:
        report(
            "measure-invalid",
            f"The measure `{name}` of `{values['name']}` {message}",
            "measures",
            at,
            hint=hint,
        )

    time = measure["agg_time_dimension"] or (values["defaults"] or {}).get("agg_time_dimension")
    if time is None:
        wrong("has no `agg_time_dimension`", "Set it here, or under `defaults` for all measures")
    elif _time_dimension(values, time) is None:
        wrong(f"has the `agg_time_dimension` `{time}`, which is no time dimension of it")
    for mistake, hint in (*_mistaken_count(measure), *_mistaken_percentile(measure)):
        wrong(mistake, hint)
    for mistake in _mistaken_additivity(values, measure, time):
        wrong(mistake)


def _mistaken_count(measure: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if measure["agg"] != "count":
        return
    if measure["expr"] is None:
        yield "counts, and has no `expr`", "Write `expr: 1` to count all rows"
    elif measure["expr"].lower().startswith("distinct "):
        yield "counts `distinct` values in its `expr`", "Use `agg: count_distinct`"


def _mistaken_percentile(measure: Mapping[str, Any]) -> Iterable[tuple[str, str | None]]:
    params = measure["agg_params"] or dict.fromkeys(_PERCENTILES)
    percentile = params["percentile"]
    if measure["agg"] == "percentile":
        if percentile is None:
            yield "is a percentile, and has no `agg_params.percentile`", None
        elif not 0 < percentile < 1:
            yield (
                f"has the percentile `{percentile}`, which is not between 0 and 1",
                "Write for instance `0.65`; the ends are `min` and `max`",
            )
    elif measure["agg"] == "median":
        if percentile not in (None, _HALF):
            yield f"is a median, and has the percentile `{percentile}`", None
        if params["use_discrete_percentile"]:
            yield "is a median, which cannot be discrete", None
    else:
        given = [key for key in _PERCENTILES if params[key]]
        if given:
            yield f"is no percentile, and sets {', '.join(f'`{key}`' for key in given)}", None


def _mistaken_additivity(
    values: Mapping[str, Any], measure: Mapping[str, Any], time: str | None
) -> Iterable[str]:
    special = measure["non_additive_dimension"]
    if special is None:
        return
    found = next((d for d in values["dimensions"] if d["name"] == special["name"]), None)
    shown = f"has the `non_additive_dimension` `{special['name']}`, which"
    if found is None:
        yield f"{shown} is no dimension of it"
    elif found["type"] != "time":
        yield f"{shown} is no time dimension"
    else:
        own = _time_dimension(values, time) if time else None
        if own is not None and _granularity(own) != _granularity(found):
            yield f"{shown} has another granularity than its `agg_time_dimension`"
    if special["window_choice"] not in ("min", "max"):
        yield f"{shown} has the `window_choice` `{special['window_choice']}`, not `min` or `max`"
    entities = {one["name"] for one in values["entities"]}
    missing = [name for name in special["window_groupings"] if name not in entities]
    if missing:
        yield f"{shown} is grouped by {', '.join(f'`{one}`' for one in missing)}, no entity of it"


def _granularity(dimension: Mapping[str, Any]) -> str | None:
    params = dimension["type_params"]
    return None if params is None else params["time_granularity"]
