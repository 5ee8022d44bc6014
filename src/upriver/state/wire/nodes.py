"""Resources as dbt writes them into a manifest (ART-30 .. ART-53): one function per kind.

Every key of a kind is written, null where nothing is known, in dbt's order. What is written is
also the form in which a local resource is compared with a published one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from upriver.resources.calls import RefCall
from upriver.resources.macro import Doc, Macro
from upriver.resources.nodes import (
    Analysis,
    Column,
    Exposure,
    Function,
    Group,
    Model,
    Node,
    Operation,
    Resource,
    Seed,
    Snapshot,
    Source,
    SqlOperation,
    Test,
    UnitTest,
)
from upriver.resources.semantic import Metric, SavedQuery, SemanticModel
from upriver.state.wire.semantic import semantic_value


class CompiledPart(msgspec.Struct, frozen=True, kw_only=True):
    """What compiling and running added to a node (ART-46)."""

    compiled_code: str | None = None
    compiled_path: str | None = None
    """As written: `target/compiled/<package>/<path>`."""
    build_path: str | None = None
    """As written: `target/run/<package>/<path>`, once it ran."""
    extra_ctes: tuple[tuple[str, str], ...] = ()
    """unique_id and SQL of each inlined ephemeral model."""


_DOCS_DEFAULT: dict[str, Any] = {"show": True, "node_color": None}


def resource_value(
    resource: Resource, created_at: float, compiled: CompiledPart | None = None
) -> dict[str, Any]:
    """Return the plain value of one resource."""
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
            return _seed(resource, created_at)
        case SemanticModel() | Metric() | SavedQuery():
            return semantic_value(resource, created_at)
        case _:
            return _code_node(resource, created_at, compiled)


def _node(node: Node, kind: str, created_at: float, build_path: str | None) -> dict[str, Any]:
    """What every member of `nodes` has (ART-30), up to where the kinds part."""
    return {
        "database": node.database,
        "schema": node.schema,
        "name": node.name,
        "resource_type": kind,
        "package_name": node.package,
        "path": node.path,
        "original_file_path": node.original_file_path,
        "unique_id": node.unique_id,
        "fqn": node.fqn,
        "alias": node.alias,
        "checksum": {"name": node.checksum_name, "checksum": node.checksum},
        "config": node.config,
        "tags": node.tags,
        "description": node.description,
        "columns": _columns(node.columns),
        "meta": node.meta,
        "group": node.group,
        "docs": _docs(node.docs),
        "patch_path": node.patch_path,
        "build_path": build_path,
        "unrendered_config": node.unrendered_config,
        "created_at": created_at,
        "relation_name": node.relation_name,
        "raw_code": node.raw_code,
        "doc_blocks": node.doc_blocks,
    }


def _seed(seed: Seed, created_at: float) -> dict[str, Any]:
    value = _node(seed, "seed", created_at, None)
    value["root_path"] = seed.root_path
    value["depends_on"] = {"macros": seed.depends_on_macros}
    return value


_KINDS: dict[type[Node], str] = {
    Model: "model",
    Snapshot: "snapshot",
    Analysis: "analysis",
    Test: "test",
    Operation: "operation",
    Function: "function",
    SqlOperation: "sql_operation",
}


def _code_node(
    node: Model | Snapshot | Analysis | Test | Operation | SqlOperation | Function,
    created_at: float,
    compiled: CompiledPart | None,
) -> dict[str, Any]:
    """A node that has code (ART-31 .. ART-36)."""
    build_path = compiled.build_path if compiled is not None else None
    value = _node(node, _KINDS[type(node)], created_at, build_path)
    contract = node.config.get("contract") or {}
    value |= {
        "language": node.language,
        "refs": _refs(node.refs),
        "sources": [(call.source, call.table) for call in node.sources],
        "metrics": _names(node.metrics),
        "functions": _names(node.functions),
        "depends_on": {"macros": node.depends_on_macros, "nodes": node.depends_on},
        "compiled_path": compiled.compiled_path if compiled is not None else None,
        "contract": {
            "enforced": bool(contract.get("enforced")),
            "alias_types": contract.get("alias_types", True),
            "checksum": node.contract_checksum if isinstance(node, Model) else None,
        },
    }
    match node:
        case Model():
            value |= _model_keys(node)
        case Test() if node.test_name is not None:
            value |= _generic_test_keys(node)
        case Operation():
            value["index"] = node.index
        case Function():
            value |= {"arguments": node.arguments, "returns": node.returns}
        case _:
            pass
    if compiled is not None:
        value |= {
            "compiled": True,
            "compiled_code": compiled.compiled_code,
            "extra_ctes_injected": True,
            "extra_ctes": [{"id": key, "sql": sql} for key, sql in compiled.extra_ctes],
        }
    return value


def _model_keys(model: Model) -> dict[str, Any]:
    return {
        "access": model.access,
        "constraints": [_model_constraint(item) for item in model.constraints],
        "version": model.version,
        "latest_version": model.latest_version,
        "deprecation_date": model.deprecation_date,
        "primary_key": model.primary_key,
        "time_spine": model.time_spine,
    }


def _generic_test_keys(test: Test) -> dict[str, Any]:
    return {
        "column_name": test.column_name,
        "file_key_name": test.file_key_name,
        "attached_node": test.attached_node,
        "test_metadata": {
            "name": test.test_name,
            "kwargs": test.test_kwargs,
            "namespace": test.test_namespace,
        },
    }


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
        "columns": _columns(source.columns),
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
        "refs": _refs(exposure.refs),
        "sources": [(call.source, call.table) for call in exposure.sources],
        "metrics": _names(exposure.metrics),
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
    docs = _docs(macro.docs)
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


def _docs(docs: dict[str, Any]) -> dict[str, Any]:
    return {**_DOCS_DEFAULT, **docs} if docs else _DOCS_DEFAULT


def _refs(calls: tuple[RefCall, ...]) -> list[dict[str, Any]]:
    return [
        {"name": call.name, "package": call.package, "version": call.version} for call in calls
    ]


def _names(calls: tuple[RefCall, ...]) -> list[tuple[str, ...]]:
    """Metric and function calls, which are written as lists of their arguments (ART-47)."""
    return [(call.name,) if call.package is None else (call.package, call.name) for call in calls]


def _columns(columns: dict[str, Column]) -> dict[str, Any]:
    return {name: _column(column) for name, column in columns.items()} if columns else {}


def _column(column: Column) -> dict[str, Any]:
    """One documented column (ART-48)."""
    value = {
        "name": column.name,
        "description": column.description,
        "meta": column.meta,
        "data_type": column.data_type,
        "constraints": [_constraint(item) for item in column.constraints],
        "quote": column.quote,
        "config": {"meta": column.meta, "tags": column.tags},
        "tags": column.tags,
        "granularity": column.granularity,
        "doc_blocks": column.doc_blocks,
    }
    return value | column.extra if column.extra else value


def _constraint(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": item.get("type"),
        "name": item.get("name"),
        "expression": item.get("expression"),
        "warn_unenforced": item.get("warn_unenforced", True),
        "warn_unsupported": item.get("warn_unsupported", True),
        "to": item.get("to"),
        "to_columns": item.get("to_columns") or [],
    }


def _model_constraint(item: dict[str, Any]) -> dict[str, Any]:
    return {**_constraint(item), "columns": item.get("columns") or []}
