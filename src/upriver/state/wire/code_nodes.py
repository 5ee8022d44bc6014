"""Nodes that have code, and seeds, as dbt writes them into a manifest (ART-30 .. ART-36).

They are most of a manifest, so each is one struct, whose keys the encoder knows beforehand: to make
and write a mapping takes twice as long. Parts that hardly ever differ are written out once.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw

from upriver.resources.calls import RefCall
from upriver.resources.nodes import (
    Analysis,
    Column,
    Function,
    Model,
    Node,
    Operation,
    Seed,
    Snapshot,
    SqlOperation,
    Test,
)
from upriver.state.wire.constraints import column_constraint, model_constraint

CodeNode = Model | Snapshot | Analysis | Test | Operation | SqlOperation | Function


class CompiledPart(msgspec.Struct, frozen=True, kw_only=True):
    """What compiling and running added to a node (ART-46)."""

    compiled_code: str | None = None
    compiled_path: str | None = None
    """As written: `target/compiled/<package>/<path>`."""
    build_path: str | None = None
    """As written: `target/run/<package>/<path>`, once it ran."""
    extra_ctes: tuple[tuple[str, str], ...] = ()
    """unique_id and SQL of each inlined ephemeral model."""


class _NodeValue(msgspec.Struct):
    """What every member of `nodes` has, in dbt's order."""

    database: Any
    schema: Any
    name: Any
    resource_type: Any
    package_name: Any
    path: Any
    original_file_path: Any
    unique_id: Any
    fqn: Any
    alias: Any
    checksum: Any
    config: Any
    tags: Any
    description: Any
    columns: Any
    meta: Any
    group: Any
    docs: Any
    patch_path: Any
    build_path: Any
    unrendered_config: Any
    created_at: Any
    relation_name: Any
    raw_code: Any
    doc_blocks: Any


class _SeedValue(_NodeValue):
    root_path: Any
    depends_on: Any


class _CodeValue(_NodeValue):
    language: Any
    refs: Any
    sources: Any
    metrics: Any
    functions: Any
    depends_on: Any
    compiled_path: Any
    contract: Any


# The keys of a kind come between those and the four that a node has once it is compiled.


class _PlainValue(_CodeValue):
    compiled: Any = UNSET
    compiled_code: Any = UNSET
    extra_ctes_injected: Any = UNSET
    extra_ctes: Any = UNSET


class _OperationValue(_CodeValue):
    index: Any
    compiled: Any = UNSET
    compiled_code: Any = UNSET
    extra_ctes_injected: Any = UNSET
    extra_ctes: Any = UNSET


class _FunctionValue(_CodeValue):
    arguments: Any
    returns: Any
    compiled: Any = UNSET
    compiled_code: Any = UNSET
    extra_ctes_injected: Any = UNSET
    extra_ctes: Any = UNSET


class _GenericTestValue(_CodeValue):
    column_name: Any
    file_key_name: Any
    attached_node: Any
    test_metadata: Any
    compiled: Any = UNSET
    compiled_code: Any = UNSET
    extra_ctes_injected: Any = UNSET
    extra_ctes: Any = UNSET


class _ModelValue(_CodeValue):
    access: Any
    constraints: Any
    version: Any
    latest_version: Any
    deprecation_date: Any
    primary_key: Any
    time_spine: Any
    compiled: Any = UNSET
    compiled_code: Any = UNSET
    extra_ctes_injected: Any = UNSET
    extra_ctes: Any = UNSET


class _Ref(msgspec.Struct):
    name: Any
    package: Any
    version: Any


class _DependsOn(msgspec.Struct):
    macros: Any
    nodes: Any


class _Checksum(msgspec.Struct):
    name: Any
    checksum: Any


class _TestMetadata(msgspec.Struct):
    name: Any
    kwargs: Any
    namespace: Any


class _ColumnConfig(msgspec.Struct):
    meta: Any
    tags: Any


class _ColumnValue(msgspec.Struct):
    name: Any
    description: Any
    meta: Any
    data_type: Any
    constraints: Any
    quote: Any
    config: Any
    tags: Any
    granularity: Any
    doc_blocks: Any


_DOCS_DEFAULT: dict[str, Any] = {"show": True, "node_color": None}
_USUAL_DOCS = Raw(msgspec.json.encode(_DOCS_DEFAULT))
_USUAL_CONTRACT = Raw(b'{"enforced":false,"alias_types":true,"checksum":null}')
_NO_CHECKSUM = Raw(b'{"name":"none","checksum":""}')

_KINDS: dict[type[Node], str] = {
    Model: "model",
    Snapshot: "snapshot",
    Analysis: "analysis",
    Test: "test",
    Operation: "operation",
    Function: "function",
    SqlOperation: "sql_operation",
    Seed: "seed",
}


def code_node(node: CodeNode, created_at: float, compiled: CompiledPart | None) -> msgspec.Struct:
    """Return a node that has code."""
    added = () if compiled is None else _added(compiled)
    made = (*_node(node, created_at, compiled), *_code(node, compiled))
    match node:
        case Model():
            return _ModelValue(*made, *_model(node), *added)
        case Test() if node.test_name is not None:
            return _GenericTestValue(*made, *_generic_test(node), *added)
        case Operation():
            return _OperationValue(*made, *_many(node.index), *added)
        case Function():
            return _FunctionValue(*made, *_many(node.arguments, node.returns), *added)
        case _:
            return _PlainValue(*made, *added)


def seed(node: Seed, created_at: float) -> msgspec.Struct:
    """Return a seed."""
    own = _many(node.root_path, {"macros": node.depends_on_macros})
    return _SeedValue(*_node(node, created_at, None), *own)


def _many(*values: Any) -> tuple[Any, ...]:
    """Return values as what a struct of more fields is made with."""
    return values


def _node(node: Node, created_at: float, compiled: CompiledPart | None) -> tuple[Any, ...]:
    """Return the values of `_NodeValue`."""
    columns, docs = node.columns, node.docs
    is_unread = not node.checksum and node.checksum_name == "none"
    return (
        node.database,
        node.schema,
        node.name,
        _KINDS[type(node)],
        node.package,
        node.path,
        node.original_file_path,
        node.unique_id,
        node.fqn,
        node.alias,
        _NO_CHECKSUM if is_unread else _Checksum(node.checksum_name, node.checksum),
        node.config,
        node.tags,
        node.description,
        columns_value(columns) if columns else columns,
        node.meta,
        node.group,
        docs_value(docs) if docs else _USUAL_DOCS,
        node.patch_path,
        None if compiled is None else compiled.build_path,
        node.unrendered_config,
        created_at,
        node.relation_name,
        node.raw_code,
        node.doc_blocks,
    )


def _code(node: Node, compiled: CompiledPart | None) -> tuple[Any, ...]:
    """Return the values that `_CodeValue` adds."""
    refs, sources, metrics, functions = node.refs, node.sources, node.metrics, node.functions
    return (
        node.language,
        refs_value(refs) if refs else refs,
        [(call.source, call.table) for call in sources] if sources else sources,
        names_value(metrics) if metrics else metrics,
        names_value(functions) if functions else functions,
        _DependsOn(node.depends_on_macros, node.depends_on),
        None if compiled is None else compiled.compiled_path,
        _contract(node),
    )


def _contract(node: Node) -> Any:
    contract = node.config.get("contract") or {}
    is_enforced, alias_types = bool(contract.get("enforced")), contract.get("alias_types", True)
    checksum = node.contract_checksum if isinstance(node, Model) else None
    if not is_enforced and alias_types is True and checksum is None:
        return _USUAL_CONTRACT
    return {"enforced": is_enforced, "alias_types": alias_types, "checksum": checksum}


def _model(model: Model) -> tuple[Any, ...]:
    """Return the values that `_ModelValue` adds."""
    constraints = model.constraints
    return (
        model.access,
        [model_constraint(item) for item in constraints] if constraints else constraints,
        model.version,
        model.latest_version,
        model.deprecation_date,
        model.primary_key,
        model.time_spine,
    )


def _generic_test(test: Test) -> tuple[Any, ...]:
    """Return the values that `_GenericTestValue` adds."""
    metadata = _TestMetadata(test.test_name, test.test_kwargs, test.test_namespace)
    return (test.column_name, test.file_key_name, test.attached_node, metadata)


def _added(compiled: CompiledPart) -> tuple[Any, ...]:
    ctes = [{"id": key, "sql": sql} for key, sql in compiled.extra_ctes]
    return (True, compiled.compiled_code, True, ctes)


def docs_value(docs: dict[str, Any]) -> dict[str, Any]:
    """Return how a resource is documented."""
    return {**_DOCS_DEFAULT, **docs} if docs else _DOCS_DEFAULT


def refs_value(calls: tuple[RefCall, ...]) -> list[msgspec.Struct]:
    """Return calls of `ref` (ART-47)."""
    return [_Ref(call.name, call.package, call.version) for call in calls]


def names_value(calls: tuple[RefCall, ...]) -> list[tuple[str, ...]]:
    """Return metric and function calls, which are written as lists of their arguments (ART-47)."""
    return [(call.name,) if call.package is None else (call.package, call.name) for call in calls]


def columns_value(columns: dict[str, Column]) -> dict[str, Any]:
    """Return documented columns by name (ART-48)."""
    return {name: _column(column) for name, column in columns.items()}


def _column(column: Column) -> Any:
    constraints = column.constraints
    value = _ColumnValue(
        column.name,
        column.description,
        column.meta,
        column.data_type,
        [column_constraint(item) for item in constraints] if constraints else constraints,
        column.quote,
        _ColumnConfig(column.meta, column.tags),
        column.tags,
        column.granularity,
        column.doc_blocks,
    )
    return {**msgspec.structs.asdict(value), **column.extra} if column.extra else value
