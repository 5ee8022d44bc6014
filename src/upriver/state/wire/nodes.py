"""Resources as dbt writes them into a manifest (ART-30 .. ART-53): one function per kind.

Every key of a kind is written, null where nothing is known, in dbt's order. What is written is
also the form in which a local resource is compared with a published one.
"""

from __future__ import annotations

from typing import Any

from upriver.resources.macro import Doc, Macro
from upriver.resources.nodes import (
    Exposure,
    Group,
    Resource,
    Seed,
    Source,
    UnitTest,
)
from upriver.resources.semantic import Metric, SavedQuery, SemanticModel
from upriver.state.wire.code_nodes import (
    CompiledPart,
    code_node,
    columns_value,
    docs_value,
    names_value,
    refs_value,
    seed,
)
from upriver.state.wire.semantic import semantic_value


def resource_value(
    resource: Resource, created_at: float, compiled: CompiledPart | None = None
) -> Any:
    """Return one resource as the encoder takes it."""
    match resource:
        case Source():
            return _source(resource, created_at)
        case Exposure():
            return _exposure(resource, created_at)
        case Group():
            return _group(resource)
        case UnitTest():
            return _unit_test(resource, created_at)
        case Seed():
            return seed(resource, created_at)
        case SemanticModel() | Metric() | SavedQuery():
            return semantic_value(resource, created_at)
        case _:
            return code_node(resource, created_at, compiled)


_NO_THRESHOLD: dict[str, Any] = {"count": None, "period": None}


def freshness_value(freshness: dict[str, Any] | None) -> dict[str, Any] | None:
    """A source's freshness with every key it can have; a null that was written stays one."""
    if freshness is None:
        return None
    return {
        "warn_after": freshness.get("warn_after", _NO_THRESHOLD),
        "error_after": freshness.get("error_after", _NO_THRESHOLD),
        "filter": freshness.get("filter"),
    }


def _source(source: Source, created_at: float) -> dict[str, Any]:
    quoting = source.quoting
    return {
        "database": source.database,
        "schema": source.schema,
        "name": source.name,
        "resource_type": "source",
        "package_name": source.package,
        "path": source.path,
        "original_file_path": source.original_file_path,
        "unique_id": source.unique_id,
        "fqn": source.fqn,
        "source_name": source.source_name,
        "source_description": source.source_description,
        "loader": source.loader,
        "identifier": source.identifier,
        "quoting": {
            "database": quoting.get("database"),
            "schema": quoting.get("schema"),
            "identifier": quoting.get("identifier"),
            "column": quoting.get("column"),
        },
        "loaded_at_field": source.loaded_at_field,
        "loaded_at_query": source.loaded_at_query,
        "freshness": freshness_value(source.freshness),
        "external": source.external,
        "description": source.description,
        "columns": columns_value(source.columns),
        "meta": source.meta,
        "source_meta": source.source_meta,
        "tags": source.tags,
        "config": source.config,
        "patch_path": source.patch_path,
        "unrendered_config": source.unrendered_config,
        "relation_name": source.relation_name,
        "created_at": created_at,
        "unrendered_database": source.unrendered_database,
        "unrendered_schema": source.unrendered_schema,
        "doc_blocks": source.doc_blocks,
    }


def _exposure(exposure: Exposure, created_at: float) -> dict[str, Any]:
    owner = exposure.owner
    return {
        "name": exposure.name,
        "resource_type": "exposure",
        "package_name": exposure.package,
        "path": exposure.path,
        "original_file_path": exposure.original_file_path,
        "unique_id": exposure.unique_id,
        "fqn": exposure.fqn,
        "type": exposure.type,
        "owner": {"email": owner.get("email"), "name": owner.get("name"), **owner},
        "description": exposure.description,
        "label": exposure.label,
        "maturity": exposure.maturity,
        "meta": exposure.meta,
        "tags": exposure.tags,
        "config": exposure.config,
        "unrendered_config": exposure.unrendered_config,
        "url": exposure.url,
        "depends_on": {"macros": exposure.depends_on_macros, "nodes": exposure.depends_on},
        "refs": refs_value(exposure.refs),
        "sources": [(call.source, call.table) for call in exposure.sources],
        "metrics": names_value(exposure.metrics),
        "created_at": created_at,
    }


def _group(group: Group) -> dict[str, Any]:
    owner = group.owner
    return {
        "name": group.name,
        "resource_type": "group",
        "package_name": group.package,
        "path": group.path,
        "original_file_path": group.original_file_path,
        "unique_id": group.unique_id,
        "owner": {"email": owner.get("email"), "name": owner.get("name"), **owner},
        "description": group.description,
        "config": group.config,
    }


def _unit_test(test: UnitTest, created_at: float) -> dict[str, Any]:
    return {
        "model": test.model,
        "given": [_given(item) for item in test.given],
        "expect": _fixture(test.expect),
        "name": test.name,
        "resource_type": "unit_test",
        "package_name": test.package,
        "path": test.path,
        "original_file_path": test.original_file_path,
        "unique_id": test.unique_id,
        "fqn": test.fqn,
        "description": test.description,
        "overrides": test.overrides,
        "depends_on": {"macros": (), "nodes": test.depends_on},
        "config": test.config,
        "checksum": test.checksum,
        "schema": test.schema,
        "created_at": created_at,
        "versions": test.versions,
        "version": test.version,
    }


def _given(item: dict[str, Any]) -> dict[str, Any]:
    return {"input": item.get("input"), **_fixture(item)}


def _fixture(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "rows": item.get("rows"),
        "format": item.get("format") or "dict",
        "fixture": item.get("fixture"),
    }


def macro_value(macro: Macro, created_at: float) -> dict[str, Any]:
    """Return the plain value of a macro (ART-43)."""
    docs = docs_value(macro.docs)
    return {
        "name": macro.name,
        "resource_type": "macro",
        "package_name": macro.package,
        "path": macro.path,
        "original_file_path": macro.original_file_path,
        "unique_id": macro.unique_id,
        "macro_sql": macro.published_sql,
        "depends_on": {"macros": macro.depends_on},
        "description": macro.description,
        "meta": macro.meta,
        "docs": docs,
        "config": {"meta": macro.meta, "docs": docs, **macro.config},
        "patch_path": macro.patch_path,
        "arguments": [
            {"name": item.name, "type": item.type, "description": item.description}
            for item in macro.documented_arguments
        ],
        "created_at": created_at,
        "supported_languages": macro.supported_languages,
    }


def doc_value(doc: Doc) -> dict[str, Any]:
    """Return the plain value of a documentation block (ART-24)."""
    return {
        "name": doc.name,
        "resource_type": "doc",
        "package_name": doc.package,
        "path": doc.path,
        "original_file_path": doc.original_file_path,
        "unique_id": doc.unique_id,
        "block_contents": doc.block_contents,
    }
