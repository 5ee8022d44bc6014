"""What semantic models, metrics and saved queries depend on, once all names are known.

A metric is computed from measures, which belong to semantic models, or from other metrics, whose
measures it inherits. A semantic model is over a model, whose relation it names (PROJ-252).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from upriver.graph.drafts import Draft, Scope
from upriver.graph.refs import Names, Resolver
from upriver.graph.semantic.checks import check_semantics
from upriver.graph.semantic.layer import SemanticLayer, TimeSpine
from upriver.problems import Span, has_errors
from upriver.resources.calls import RefCall
from upriver.resources.nearest import nearest_hint
from upriver.resources.semantic import LEGACY_TIME_SPINE


def complete_semantics(
    scope: Scope,
    enabled: dict[str, Draft],
    dependencies: dict[str, tuple[str, ...]],
    names: Names,
) -> None:
    """Fill in what the semantic layer's drafts lack, and check the layer as a whole."""
    before = len(scope.problems)
    for draft in _of_kind(enabled, "semantic_model"):
        above = [one for one in dependencies[draft.unique_id] if one in enabled]
        if above:
            enabled[draft.unique_id] = _related(draft, enabled[above[0]])
    resolver = Resolver(names.index, names.root, is_node_package_first=False)
    _Metrics(scope, enabled, dependencies, resolver).complete()
    if has_errors(scope.problems[before:]):
        # What follows would repeat what is missing.
        return
    layer = SemanticLayer(
        models=tuple(_of_kind(enabled, "semantic_model")),
        metrics=tuple(_of_kind(enabled, "metric")),
        queries=tuple(_of_kind(enabled, "saved_query")),
        spines=tuple(_time_spines(enabled.values())),
        has_legacy_spine=(
            resolver.ref(RefCall(name=LEGACY_TIME_SPINE), names.root).status == "found"
        ),
    )
    check_semantics(scope, layer)


def _of_kind(enabled: Mapping[str, Draft], kind: str) -> list[Draft]:
    return [draft for draft in enabled.values() if draft.kind == kind]


def _related(draft: Draft, model: Draft) -> Draft:
    values = model.values
    relation = {
        "alias": values["alias"],
        "schema_name": values["schema"],
        "database": values["database"],
        "relation_name": values["relation_name"],
    }
    return msgspec.structs.replace(draft, values={**draft.values, "node_relation": relation})


def _time_spines(drafts: Iterable[Draft]) -> Iterator[TimeSpine]:
    for draft in drafts:
        spine = draft.values.get("time_spine") if draft.kind == "model" else None
        if spine is None:
            continue
        column = draft.values.get("columns", {}).get(spine["standard_granularity_column"])
        if column is not None and column.granularity is not None:
            yield TimeSpine(
                draft=draft,
                granularity=column.granularity,
                custom=tuple(one["name"] for one in spine.get("custom_granularities") or ()),
            )


class _Metrics:
    """Completes metrics; one that is computed from others after those."""

    def __init__(
        self,
        scope: Scope,
        enabled: dict[str, Draft],
        dependencies: dict[str, tuple[str, ...]],
        resolver: Resolver,
    ) -> None:
        self._scope = scope
        self._enabled = enabled
        self._dependencies = dependencies
        self._resolver = resolver
        self._models: dict[str, dict[str, str]] = {}
        """unique_id of the semantic model by measure, then by package."""
        for draft in _of_kind(enabled, "semantic_model"):
            for measure in draft.values["measures"]:
                by_package = self._models.setdefault(measure["name"], {})
                by_package.setdefault(draft.package, draft.unique_id)
        self._inputs: dict[str, list[dict[str, Any]]] = {}
        """Input measures by metric; there from the moment the metric is looked at."""

    def complete(self) -> None:
        """Complete all metrics."""
        for draft in _of_kind(self._enabled, "metric"):
            self._complete(draft)

    def _complete(self, draft: Draft) -> list[dict[str, Any]]:
        known = self._inputs.get(draft.unique_id)
        if known is not None:
            return known
        measures: list[dict[str, Any]] = []
        self._inputs[draft.unique_id] = measures
        params = draft.values["type_params"]
        if draft.values["type"] in ("derived", "ratio"):
            above = self._above_computed(draft, _input_metrics(draft), measures)
        else:
            measures += _distinct(_input_measures(params))
            above = self._above_measured(draft, measures)
        self._dependencies[draft.unique_id] = above
        params = {**params, "input_measures": measures}
        values = {**draft.values, "type_params": params}
        self._enabled[draft.unique_id] = msgspec.structs.replace(draft, values=values)
        return measures

    def _above_computed(
        self, draft: Draft, inputs: list[dict[str, Any]], measures: list[dict[str, Any]]
    ) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for one in inputs:
            answer = self._resolver.metric(RefCall(name=one["name"]), draft.package)
            if answer.status != "found" or answer.unique_id is None:
                self._report_metric(draft, one["name"], is_disabled=answer.status == "disabled")
                continue
            found[answer.unique_id] = None
            inherited = self._complete(self._enabled[answer.unique_id])
            measures += [measure for measure in inherited if measure not in measures]
        return tuple(found)

    def _above_measured(self, draft: Draft, measures: list[dict[str, Any]]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for measure in measures:
            model = self._model_of(measure["name"], draft.package)
            if model is None:
                self._report_measure(draft, measure["name"])
            else:
                found[model] = None
        return tuple(found)

    def _model_of(self, measure: str, package: str) -> str | None:
        by_package = self._models.get(measure, {})
        for place in self._resolver.places(package):
            found = (
                by_package.get(place)
                if place is not None
                else next(iter(by_package.values()), None)
            )
            if found is not None:
                return found
        return None

    def _report_metric(self, draft: Draft, name: str, *, is_disabled: bool) -> None:
        words = "is disabled" if is_disabled else "does not exist"
        self._scope.report(
            "metric-not-found",
            f"The metric `{draft.name}` is computed from the metric `{name}`, which {words}",
            Span(file=draft.file, keys=(*draft.keys, "type_params")),
            unique_id=draft.unique_id,
            hint=None if is_disabled else nearest_hint(name, self._resolver.index.metrics),
        )

    def _report_measure(self, draft: Draft, name: str) -> None:
        self._scope.report(
            "measure-not-found",
            f"The metric `{draft.name}` is computed from the measure `{name}`, which no enabled "
            "semantic model has",
            Span(file=draft.file, keys=(*draft.keys, "type_params")),
            unique_id=draft.unique_id,
            hint=nearest_hint(name, self._models),
        )


def _input_metrics(draft: Draft) -> list[dict[str, Any]]:
    params = draft.values["type_params"]
    if draft.values["type"] == "ratio":
        return [params["numerator"], params["denominator"]]
    return list(params["metrics"])


def _input_measures(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    conversion = params["conversion_type_params"]
    if conversion is not None:
        return [conversion["base_measure"], conversion["conversion_measure"]]
    return [params["measure"]]


def _distinct(measures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for at, one in enumerate(measures) if one not in measures[:at]]
