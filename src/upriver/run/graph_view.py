"""Resources as templates see them: dicts in the shape of dbt's manifest (JINJA-47, JINJA-48)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from upriver.graph.graph import Graph
from upriver.resources.nodes import Node, Resource, kind_of
from upriver.run.batches import Batch
from upriver.state.baseline import Published, is_deferrable
from upriver.state.defer import DEFERRABLE_KINDS
from upriver.state.wire.code_nodes import CompiledPart
from upriver.state.wire.manifest import encode_resource

_SECTION_OF_KIND = {
    "source": "sources",
    "exposure": "exposures",
    "function": "functions",
    "group": "groups",
    "metric": "metrics",
    "semantic_model": "semantic_models",
    "saved_query": "saved_queries",
}
_SECTIONS = ("nodes", *_SECTION_OF_KIND.values())


def resource_dict(
    resource: Resource | Node, compiled: CompiledPart | None = None
) -> dict[str, Any]:
    """Return one resource as a new dict that a template may keep and change."""
    made: dict[str, Any] = msgspec.json.decode(
        encode_resource(cast("Resource", resource), 0.0, compiled)
    )
    return made


def model_dict(
    resource: Node,
    compiled_code: str | None,
    published: Published | None,
    batch: Batch | None = None,
) -> dict[str, Any]:
    """Return the `model` mapping at run time (JINJA-47): no nulls, `compiled_sql` too."""
    compiled = None if compiled_code is None else CompiledPart(compiled_code=compiled_code)
    made = resource_dict(resource, compiled)
    model = {key: value for key, value in made.items() if value is not None}
    if compiled_code is not None:
        model["compiled_sql"] = compiled_code
    if published is not None and is_deferrable(published):
        model["defer_relation"] = published_dict(published)
    if batch is not None:
        model["batch"] = {
            "id": batch.id,
            "event_time_start": batch.start,
            "event_time_end": batch.end,
        }
        model["config"] = {**model["config"], **batch_config(batch)}
    return model


def batch_config(batch: Batch) -> dict[str, Any]:
    """Return the config keys by which macros know the batch they build (JINJA-74)."""
    return {
        "__dbt_internal_microbatch_event_time_start": batch.start,
        "__dbt_internal_microbatch_event_time_end": batch.end,
    }


def published_dict(published: Published) -> dict[str, Any]:
    """Return a counterpart as `defer_relation` of a node shows it."""
    return {
        "database": published.database,
        "schema": published.schema,
        "alias": published.alias,
        "relation_name": published.relation_name,
        "resource_type": published.kind,
        "name": published.name,
    }


def graph_view(graph: Graph, published: Mapping[str, Published]) -> dict[str, Any]:
    """Build the `graph` object: every section, each `unique_id` to dict."""
    view: dict[str, Any] = {section: {} for section in _SECTIONS}
    for unique_id, resource in graph.resources.items():
        kind = kind_of(unique_id)
        if kind == "unit_test":
            continue
        made = resource_dict(resource)
        if kind in DEFERRABLE_KINDS:
            made["defer_relation"] = None
        counterpart = published.get(unique_id)
        if counterpart is not None and is_deferrable(counterpart):
            made["defer_relation"] = published_dict(counterpart)
        view[_SECTION_OF_KIND.get(kind, "nodes")][unique_id] = made
    # Tests that lost what they read stay among the nodes, as they do in manifests.
    for unique_id in graph.lost:
        view["nodes"][unique_id] = resource_dict(graph.disabled[unique_id][-1])
    return view
