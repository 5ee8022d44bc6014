"""The semantic layer as dbt writes it into a manifest (ART-39..41)."""

from __future__ import annotations

from typing import Any

from upriver.resources.semantic import Metric, SavedQuery, SemanticModel


def semantic_value(
    resource: SemanticModel | Metric | SavedQuery, created_at: float
) -> dict[str, Any]:
    """Return the plain value of a semantic model, metric or saved query."""
    match resource:
        case SemanticModel():
            own = _semantic_model(resource)
        case Metric():
            own = _metric(resource)
        case SavedQuery():
            own = _saved_query(resource)
    return {
        "name": resource.name,
        "resource_type": resource.unique_id.partition(".")[0],
        "package_name": resource.package,
        "path": resource.path,
        "original_file_path": resource.original_file_path,
        "unique_id": resource.unique_id,
        "fqn": resource.fqn,
        "description": resource.description,
        "label": resource.label,
        "metadata": None,
        "config": resource.config,
        "unrendered_config": resource.unrendered_config,
        "group": resource.group,
        "depends_on": {"macros": (), "nodes": resource.depends_on},
        "created_at": created_at,
        **own,
    }


def _semantic_model(model: SemanticModel) -> dict[str, Any]:
    return {
        "model": model.model,
        "node_relation": model.node_relation,
        "defaults": model.defaults,
        "entities": model.entities,
        "measures": model.measures,
        "dimensions": model.dimensions,
        "primary_entity": model.primary_entity,
        "refs": [
            {"name": call.name, "package": call.package, "version": call.version}
            for call in model.refs
        ],
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "type": metric.type,
        "type_params": metric.type_params,
        "filter": metric.filter,
        "time_granularity": metric.time_granularity,
        "meta": metric.meta,
        "tags": metric.tags,
        "sources": (),
        "refs": (),
        "metrics": (),
    }


def _saved_query(query: SavedQuery) -> dict[str, Any]:
    return {
        "query_params": query.query_params,
        "exports": query.exports,
        "tags": query.tags,
        "refs": (),
    }
