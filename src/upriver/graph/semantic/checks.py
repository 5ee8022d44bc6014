"""What can be wrong with a semantic layer: the checks dbt makes when it parses (PROJ-145).

dbt compares the layer as a whole only where it has semantic models and metrics both; a time spine
it wants as soon as there is a semantic model.
"""

from __future__ import annotations

from upriver.graph.drafts import Scope
from upriver.graph.semantic.check_metrics import check_metrics
from upriver.graph.semantic.check_models import check_models
from upriver.graph.semantic.check_names import check_names
from upriver.graph.semantic.check_queries import check_filters, check_queries
from upriver.graph.semantic.layer import Report, SemanticLayer
from upriver.resources.semantic import GRANULARITIES

_DAY = GRANULARITIES["day"]


def check_semantics(scope: Scope, layer: SemanticLayer) -> None:
    """Check the layer, each mistake a problem."""
    if layer.models:
        _check_spines(scope, layer)
    if layer.models and layer.metrics:
        check_names(scope, layer)
        check_models(scope, layer)
        check_metrics(scope, layer)
        check_filters(scope, layer)
        check_queries(scope, layer)


def _check_spines(scope: Scope, layer: SemanticLayer) -> None:
    finest = min((GRANULARITIES[one.granularity] for one in layer.spines), default=None)
    if not layer.has_legacy_spine and (finest is None or finest > _DAY):
        report = Report(scope, layer.models[0])
        report(
            "time-spine-missing",
            "There are semantic models, and no time spine with a row for every day or less",
            hint="Add `time_spine: {standard_granularity_column: ...}` to a model, with a "
            "`granularity` on that column",
        )
        return
    if finest is None or not layer.metrics:
        return
    _check_finer_dimensions(scope, layer, finest)
    seen: dict[str, str] = {}
    for spine in layer.spines:
        first = seen.setdefault(spine.granularity, spine.draft.name)
        if first != spine.draft.name:
            Report(scope, spine.draft).doubt(
                "time-spine-doubtful",
                f"`{first}` and `{spine.draft.name}` are both time spines of the granularity "
                f"`{spine.granularity}`, of which only one is used",
            )


def _check_finer_dimensions(scope: Scope, layer: SemanticLayer, finest: int) -> None:
    times = [
        (dimension["type_params"]["time_granularity"], model, at)
        for model in layer.models
        for at, dimension in enumerate(model.values["dimensions"])
        if dimension["type_params"] is not None
    ]
    if not times:
        return
    granularity, model, at = min(times, key=lambda one: GRANULARITIES[one[0]])
    if GRANULARITIES[granularity] < finest:
        Report(scope, model).doubt(
            "time-spine-doubtful",
            f"A dimension of `{model.name}` has the granularity `{granularity}`, and no time "
            "spine is as fine",
            "dimensions",
            at,
        )
