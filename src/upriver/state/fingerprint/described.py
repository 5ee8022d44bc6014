"""One resource as fingerprints look at it, whether it was linked here or read from a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.resources.nodes import Column, Function, Node, Resource, Source, Test
from upriver.state.wire.read import NULL, WireResource


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the content of a resource, not digested yet."""

    unique_id: str
    kind: str
    package: str
    code: str = ""
    language: str = "sql"
    config: Mapping[str, Any] = {}
    """Rendered, defaults filled."""
    macros: tuple[str, ...] = ()
    """unique_ids of macros the manifest says it calls."""
    parents: tuple[str, ...] = ()
    checksum: str | None = None
    """Seeds only: digest of the file's content; None where it is not known."""
    columns: Mapping[str, tuple[str | None, Any]] = {}
    """Data type and constraints by name, of models with an enforced contract."""
    constraints: Any = None
    name_parts: Mapping[str, str | None] = {}
    """Where it lies: `database`, `schema`, `alias`; a source's `identifier`."""
    extra: Mapping[str, Any] = {}
    """What only some kinds have: a generic test's arguments, a source's location."""


def describe(resource: Resource, seed_checksum: str | None = None) -> Described | None:
    """Describe a linked resource; None for kinds that have no content.

    `seed_checksum` is the digest of a seed's whole file where the resource has only that of its
    path.
    """
    if isinstance(resource, Source):
        return _source(
            resource.unique_id,
            resource.package,
            (resource.database, resource.schema, resource.identifier),
            {"external": resource.external, "meta": {**resource.source_meta, **resource.meta}},
        )
    if not isinstance(resource, Node):
        return None
    config = resource.config
    is_enforced = bool((config.get("contract") or {}).get("enforced"))
    checksum = resource.checksum if resource.checksum_name == "sha256" else None
    extra: dict[str, Any] = {}
    if isinstance(resource, Test) and resource.test_name is not None:
        extra = {"test": resource.test_name, "arguments": resource.test_kwargs}
    if isinstance(resource, Function):
        extra = {"arguments": list(resource.arguments), "returns": resource.returns}
    return Described(
        unique_id=resource.unique_id,
        kind=resource.unique_id.partition(".")[0],
        package=resource.package,
        code=resource.raw_code,
        language=resource.language,
        config=config,
        macros=resource.depends_on_macros,
        parents=resource.depends_on,
        checksum=seed_checksum or checksum,
        columns=_columns(resource.columns) if is_enforced else {},
        constraints=getattr(resource, "constraints", None) if is_enforced else None,
        name_parts={
            "database": resource.database,
            "schema": resource.schema,
            "alias": resource.alias,
        },
        extra=extra,
    )


def describe_published(unique_id: str, wire: WireResource) -> Described | None:
    """Describe a resource of a manifest; None for kinds that have no content."""
    kind = wire.resource_type or unique_id.partition(".")[0]
    package = unique_id.split(".")[1] if unique_id.count(".") else ""
    if kind == "source":
        meta = {**_mapping(wire.source_meta), **_mapping(wire.meta)}
        return _source(
            unique_id,
            package,
            (wire.database, wire.schema, wire.identifier),
            {"external": _value(wire.external), "meta": meta},
        )
    if kind not in ("model", "seed", "snapshot", "test", "analysis", "operation", "function"):
        return None
    depends_on = wire.depends_on
    is_enforced = wire.contract is not None and bool(wire.contract.enforced)
    code = wire.raw_code if wire.raw_code is not None else wire.raw_sql
    test = _mapping(wire.test_metadata)
    extra = {"test": test.get("name"), "arguments": test.get("kwargs") or {}} if test else {}
    if kind == "function":
        extra = {"arguments": _value(wire.arguments) or [], "returns": _mapping(wire.returns)}
    return Described(
        unique_id=unique_id,
        kind=kind,
        package=package,
        code=code or "",
        language=wire.language or "sql",
        config=_mapping(wire.config),
        macros=(depends_on and depends_on.macros) or (),
        parents=(depends_on and depends_on.nodes) or (),
        checksum=_content_checksum(wire.checksum),
        columns=_wire_columns(_value(wire.columns)) if is_enforced else {},
        constraints=_value(wire.constraints) if is_enforced else None,
        name_parts={"database": wire.database, "schema": wire.schema, "alias": wire.alias},
        extra=extra,
    )


def _source(
    unique_id: str,
    package: str,
    names: tuple[str | None, str | None, str | None],
    extra: Mapping[str, Any],
) -> Described:
    database, schema, identifier = names
    meta = extra.get("meta") or {}
    return Described(
        unique_id=unique_id,
        kind="source",
        package=package,
        name_parts={"database": database, "schema": schema, "identifier": identifier},
        extra={
            "external": extra.get("external") or None,
            "external_location": meta.get("external_location"),
        },
    )


def _columns(columns: Mapping[str, Column]) -> dict[str, tuple[str | None, Any]]:
    return {
        name: (column.data_type, [_constraint(item) for item in column.constraints])
        for name, column in columns.items()
    }


def _wire_columns(columns: Any) -> dict[str, tuple[str | None, Any]]:
    if not isinstance(columns, dict):
        return {}
    return {
        name: (column.get("data_type"), [_constraint(c) for c in column.get("constraints") or ()])
        for name, column in columns.items()
        if isinstance(column, dict)
    }


def _constraint(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in ("type", "name", "expression", "to") if item.get(key)}


def _content_checksum(raw: msgspec.Raw) -> str | None:
    value = _value(raw)
    if isinstance(value, dict):
        return value.get("checksum") if value.get("name") == "sha256" else None
    return value if isinstance(value, str) else None


def _value(raw: msgspec.Raw) -> Any:
    return None if raw is NULL else msgspec.json.decode(raw)


def _mapping(raw: msgspec.Raw) -> dict[str, Any]:
    value = _value(raw)
    return value if isinstance(value, dict) else {}
