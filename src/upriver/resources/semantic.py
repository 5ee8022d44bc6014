"""The semantic layer: semantic models, metrics and saved queries, and the words they are made of.

Their inner trees (entities, measures, parameters of a metric) are plain mappings with every field
that dbt knows, since nothing but checks and manifests look into them.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.resources.calls import RefCall

GRANULARITIES: Mapping[str, int] = {
    name: rank
    for rank, name in enumerate(
        (
            "nanosecond", "microsecond", "millisecond", "second", "minute", "hour", "day", "week",
            "month", "quarter", "year",
        )
    )
}  # fmt: skip
"""Standard time granularities, from fine to coarse."""
AGGREGATIONS = (
    "sum", "min", "max", "count_distinct", "sum_boolean", "average", "percentile", "median",
    "count",
)  # fmt: skip
ENTITY_TYPES = ("foreign", "natural", "primary", "unique")
DIMENSION_TYPES = ("categorical", "time")
METRIC_TYPES = ("simple", "ratio", "cumulative", "derived", "conversion")
PERIOD_AGGREGATIONS = ("first", "last", "average")
CONVERSION_CALCULATIONS = ("conversions", "conversion_rate")
EXPORT_TYPES = ("table", "view")
LEGACY_TIME_SPINE = "metricflow_time_spine"
"""Model that is a time spine of days by its name alone."""


class SemanticModel(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    array_like=True,
    tag="semantic_model",
    tag_field="kind",
):
    """Entities, dimensions and measures over a model (ART-40)."""

    unique_id: str
    name: str
    package: str
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    model: str
    """As written: `ref('x')`."""
    node_relation: dict[str, Any] | None = None
    """Where the model is; None while it is disabled."""
    description: str | None = None
    label: str | None = None
    defaults: dict[str, Any] | None = None
    entities: tuple[dict[str, Any], ...] = ()
    measures: tuple[dict[str, Any], ...] = ()
    dimensions: tuple[dict[str, Any], ...] = ()
    primary_entity: str | None = None
    config: dict[str, Any] = {}
    unrendered_config: dict[str, Any] = {}
    group: str | None = None
    refs: tuple[RefCall, ...] = ()
    depends_on: tuple[str, ...] = ()


class Metric(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="metric", tag_field="kind"
):
    """A number that is computed from measures or other metrics (ART-39)."""

    unique_id: str
    name: str
    package: str
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    type: str
    label: str
    type_params: dict[str, Any]
    description: str = ""
    filter: dict[str, Any] | None = None
    time_granularity: str | None = None
    meta: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = {}
    unrendered_config: dict[str, Any] = {}
    group: str | None = None
    depends_on: tuple[str, ...] = ()


class SavedQuery(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="saved_query", tag_field="kind"
):
    """Metrics with what they are grouped and filtered by, and where results go (ART-41)."""

    unique_id: str
    name: str
    package: str
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    query_params: dict[str, Any]
    exports: tuple[dict[str, Any], ...] = ()
    description: str | None = None
    label: str | None = None
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = {}
    unrendered_config: dict[str, Any] = {}
    group: str | None = None
    depends_on: tuple[str, ...] = ()
