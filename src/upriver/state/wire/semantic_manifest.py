"""`semantic_manifest.json`: the semantic layer as MetricFlow reads it (ART-72, ART-73)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.resources.nodes import Model
from upriver.resources.semantic import (
    LEGACY_TIME_SPINE,
    Metric,
    SavedQuery,
    SemanticModel,
)

_INTERFACE_VERSION = {"major_version": "0", "minor_version": "9", "patch_version": "0"}
"""Version of the interface whose shape the file has, as dbt-core 1.11 writes it."""
_MANIFEST_ONLY = ("metric_aggregation_params",)


def encode_semantic_manifest(graph: Graph) -> bytes:
    """Return the whole file."""
    models: list[dict[str, Any]] = []
    metrics: list[dict[str, Any]] = []
    queries: list[dict[str, Any]] = []
    for unique_id, entry in graph.entries.items():
        if entry.kind not in ("semantic_model", "metric", "saved_query"):
            continue
        match graph.resources[unique_id]:
            case SemanticModel() as model:
                models.append(_semantic_model(model))
            case Metric() as metric:
                metrics.append(_metric(metric))
            case SavedQuery() as query:
                queries.append(_saved_query(query))
            case _:
                pass
    spines = list(_time_spines(graph))
    value = {
        "semantic_models": models,
        "metrics": metrics,
        "project_configuration": {
            "time_spine_table_configurations": _legacy_spines(graph) if models else [],
            "metadata": None,
            "dsi_package_version": _INTERFACE_VERSION,
            "time_spines": spines,
        },
        "saved_queries": queries,
    }
    return msgspec.json.encode(value)


def _semantic_model(model: SemanticModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "defaults": model.defaults,
        "description": model.description,
        "node_relation": model.node_relation,
        "primary_entity": model.primary_entity,
        "entities": [{**one, "metadata": None} for one in model.entities],
        "measures": [{**one, "metadata": None} for one in model.measures],
        "dimensions": model.dimensions,
        "label": model.label,
        "metadata": None,
        "config": {"meta": model.config["meta"]},
    }


def _metric(metric: Metric) -> dict[str, Any]:
    params = {k: v for k, v in metric.type_params.items() if k not in _MANIFEST_ONLY}
    params["metrics"] = [
        {**one, "offset_to_grain": _lower(one["offset_to_grain"])} for one in params["metrics"]
    ]
    cumulative = params["cumulative_type_params"]
    if cumulative is not None:
        params["cumulative_type_params"] = {
            "window": cumulative["window"],
            "grain_to_date": _lower(cumulative["grain_to_date"]),
            "period_agg": cumulative["period_agg"],
        }
    return {
        "name": metric.name,
        "description": metric.description,
        "type": metric.type,
        "type_params": params,
        "filter": metric.filter,
        "metadata": None,
        "label": metric.label,
        "config": {"meta": metric.config["meta"]},
        "time_granularity": metric.time_granularity,
    }


def _lower(word: str | None) -> str | None:
    return None if word is None else word.lower()


def _saved_query(query: SavedQuery) -> dict[str, Any]:
    return {
        "name": query.name,
        "query_params": query.query_params,
        "description": query.description,
        "metadata": None,
        "label": query.label,
        "exports": [_export(one) for one in query.exports],
        "tags": query.tags,
    }


def _export(export: Mapping[str, Any]) -> dict[str, Any]:
    config = export["config"]
    return {
        "name": export["name"],
        "config": {key: config[key] for key in ("export_as", "schema_name", "alias")},
    }


def _time_spines(graph: Graph) -> Iterator[dict[str, Any]]:
    for unique_id, entry in graph.entries.items():
        if entry.kind != "model":
            continue
        model = graph.resources[unique_id]
        if not isinstance(model, Model) or model.time_spine is None:
            continue
        name = model.time_spine["standard_granularity_column"]
        yield {
            "node_relation": {
                "alias": model.alias,
                "schema_name": model.schema,
                "database": model.database,
                "relation_name": model.relation_name,
            },
            "primary_column": {
                "name": name,
                "time_granularity": model.columns[name].granularity,
            },
            "custom_granularities": model.time_spine["custom_granularities"],
        }


def _legacy_spines(graph: Graph) -> list[dict[str, Any]]:
    """Return the model that is a time spine by its name, unless it says itself what it is."""
    for unique_id, entry in graph.entries.items():
        if entry.kind == "model" and entry.name == LEGACY_TIME_SPINE:
            model = graph.resources[unique_id]
            if isinstance(model, Model) and model.time_spine is None:
                return [
                    {"location": model.relation_name, "column_name": "date_day", "grain": "day"}
                ]
    return []
