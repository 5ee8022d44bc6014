"""Models, seeds, snapshots, analyses, singular tests and hooks: the one function for each.

Linking a whole project and relinking one edited file call the same `draft_sql`, so they cannot
disagree.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.graph.config import distinct_tags
from upriver.graph.contracts import contract_checksum, full_constraint
from upriver.graph.docs import Render, as_written
from upriver.graph.drafts import Draft, PatchPlace, Scope, in_file_layers, resolve_config
from upriver.graph.kinds.arguments import read_call
from upriver.graph.naming import default_alias, default_database, default_schema
from upriver.graph.versions import Properties
from upriver.jinja.static_facts import is_extractable
from upriver.problems import Problem, Span
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.definitions import ColumnPatch, NodePatch, SeedDefinition, SqlDefinition
from upriver.resources.nodes import (
    Analysis,
    Column,
    Function,
    Model,
    Operation,
    Seed,
    Snapshot,
    Test,
)

_TYPES: Mapping[str, type[Any]] = {
    "model": Model,
    "snapshot": Snapshot,
    "analysis": Analysis,
    "test": Test,
    "function": Function,
}
_UNDESCRIBED = {"data_type": "INVALID_TYPE", "description": None}
"""What a function returns that no property file describes, as dbt writes it."""
_NONE: Mapping[str, Any] = {}


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A node as its file gives it, whatever kind of file that is."""

    kind: str
    name: str
    package: str
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    unique_id: str
    raw_code: str = ""
    language: str = "sql"
    checksum_name: str = "sha256"
    checksum: str = ""
    facts: Facts = Facts()
    line: int = 1
    version: Any = None
    extra_tags: tuple[str, ...] = ()


def draft_sql(scope: Scope, definition: SqlDefinition, properties: Properties | None) -> Draft:
    """Draft a model, snapshot block, analysis or singular test."""
    kind = definition.kind
    name = properties.patch.name if properties is not None else definition.name
    version = properties.version if properties is not None else None
    path = definition.path
    parts = tuple(path.split("/")[:-1])
    if kind == "snapshot":
        parts = (*parts, path.rpartition("/")[2].rpartition(".")[0])
    end = (name,) if version is None else (name, f"v{version}")
    prefix = f"{kind}.{definition.package}.{name}"
    body = Body(
        kind=kind,
        name=name,
        package=definition.package,
        path=path,
        original_file_path=definition.original_file_path,
        fqn=(definition.package, *parts, *end),
        unique_id=prefix if version is None else f"{prefix}.v{version}",
        raw_code=definition.raw_code,
        language=definition.language,
        checksum=definition.checksum,
        facts=definition.facts,
        line=definition.line,
        version=version,
    )
    return draft_body(scope, body, _TYPES[kind], properties)


def draft_seed(scope: Scope, definition: SeedDefinition, properties: Properties | None) -> Draft:
    """Draft a seed."""
    parts = definition.path.split("/")[:-1]
    body = Body(
        kind="seed",
        name=definition.name,
        package=definition.package,
        path=definition.path,
        original_file_path=definition.original_file_path,
        fqn=(definition.package, *parts, definition.name),
        unique_id=f"seed.{definition.package}.{definition.name}",
        checksum_name=definition.checksum_name,
        checksum=definition.checksum,
    )
    return draft_body(scope, body, Seed, properties, {"root_path": definition.root_path})


def draft_yaml_snapshot(scope: Scope, properties: Properties, facts: Facts) -> Draft:
    """Draft a snapshot that a property file defines with `relation:` (PROJ-151)."""
    patch = properties.patch
    below = scope.below_search_path(patch.package, patch.path)
    body = Body(
        kind="snapshot",
        name=patch.name,
        package=patch.package,
        path=f"{below}/{patch.name}.sql",
        original_file_path=patch.path,
        fqn=(patch.package, *scope.directories(patch.package, patch.path), patch.name),
        unique_id=f"snapshot.{patch.package}.{patch.name}",
        raw_code=f"select * from {{{{ {patch.relation} }}}}",  # noqa: S608 - the user's own SQL
        checksum=properties.checksum,
        facts=facts,
    )
    return draft_body(scope, body, Snapshot, properties)


def draft_operation(
    scope: Scope, package: str, event: str, index: int, sql: str, facts: Facts
) -> Draft:
    """Draft one `on-run-start` or `on-run-end` hook (PROJ-242)."""
    name = f"{package}-{event}-{index}"
    body = Body(
        kind="operation",
        name=name,
        package=package,
        path=f"hooks/{name}.sql",
        original_file_path="./dbt_project.yml",
        fqn=(package, "hooks", name),
        unique_id=f"operation.{package}.{name}",
        raw_code=sql,
        checksum=scope.packages[package].project_checksum,
        facts=facts,
        extra_tags=(event,),
    )
    return draft_body(scope, body, Operation, None, {"index": index})


def draft_body(
    scope: Scope,
    body: Body,
    type_: type[Any],
    properties: Properties | None,
    more: Mapping[str, Any] = _NONE,
) -> Draft:
    """Draft any node that has a body: config, names, columns, references."""
    facts = body.facts
    file = scope.place(body.package, body.original_file_path)
    is_python_model = body.language == "python" and body.kind == "model"
    default = {"materialized": "table"} if is_python_model else None
    shown = _shown_code(scope, body, properties)
    in_file, raw_in_file = in_file_layers(scope, facts, shown, default)
    resolved = resolve_config(
        scope,
        body.kind,
        body.package,
        body.fqn,
        yaml=properties.config if properties is not None else _NONE,
        raw_yaml=_raw_yaml(scope, properties) if properties is not None else _NONE,
        in_file=in_file,
        raw_in_file=raw_in_file,
    )
    config = resolved.config
    if config.get("pre-hook") or config.get("post-hook"):
        facts = _with_hooks(scope, body, config)
    values: dict[str, Any] = {
        "unique_id": body.unique_id,
        "name": body.name,
        "package": body.package,
        "path": body.path,
        "original_file_path": body.original_file_path,
        "fqn": body.fqn,
        "raw_code": body.raw_code,
        "language": body.language,
        "checksum_name": body.checksum_name,
        "checksum": body.checksum,
        "config": config,
        "unrendered_config": resolved.unrendered,
        "tags": (
            distinct_tags(body.extra_tags, resolved.tags) if body.extra_tags else resolved.tags
        ),
        "meta": config["meta"],
        "group": config["group"],
        "depends_on_macros": facts.macros,
        "refs": facts.refs,
        "sources": facts.sources,
        "metrics": facts.metrics,
        "functions": facts.functions,
        "line": body.line,
        **more,
    }
    if body.kind != "test":
        values["docs"] = config["docs"]
    refs, sources = facts.refs, facts.sources
    if properties is not None:
        _add_properties(scope, values, properties, body, is_enabled=config["enabled"] is not False)
    if body.kind == "model":
        refs, sources = _add_model(values, config, properties, body, refs, sources)
        values["refs"], values["sources"] = refs, sources
    elif body.kind == "function":
        values |= _function_values(scope, properties, raw_in_file)
    name_node(scope, values, body.kind, body.version, file)
    return Draft(
        type=type_,
        kind=body.kind,
        unique_id=body.unique_id,
        name=body.name,
        package=body.package,
        is_enabled=config["enabled"] is not False,
        values=values,
        refs=refs,
        sources=sources,
        metrics=facts.metrics,
        functions=facts.functions,
        file=file,
        line=body.line if body.line > 1 else None,
        patch=None if properties is None else _place_of(scope, properties),
    )


def _function_values(
    scope: Scope, properties: Properties | None, raw_in_file: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what only functions have, and what dbt shows of their config as written: nothing of
    the project's tree (observed).
    """
    if properties is None:
        return {"returns": _UNDESCRIBED, "unrendered_config": dict(raw_in_file)}
    patch = properties.patch
    return {
        "arguments": patch.arguments,
        "returns": patch.returns or _UNDESCRIBED,
        "unrendered_config": {**_raw_yaml(scope, properties), **raw_in_file},
    }


def _place_of(scope: Scope, properties: Properties) -> PatchPlace:
    patch = properties.patch
    span = Span(file=scope.place(patch.package, patch.path), keys=patch.keys)
    return PatchPlace(span=span, config=properties.config)


def _with_hooks(scope: Scope, body: Body, config: Mapping[str, Any]) -> Facts:
    """Add what the node's hooks ask for: the node depends on it as on what its body asks."""
    found = [body.facts]
    for hook in (*config.get("pre-hook", ()), *config.get("post-hook", ())):
        sql = hook.get("sql")
        if isinstance(sql, str) and "{" in sql:
            found.append(scope.inputs.templates.hook_facts(sql, body.package, body.unique_id))
    return msgspec.structs.replace(
        body.facts,
        refs=tuple(call for facts in found for call in facts.refs),
        sources=tuple(call for facts in found for call in facts.sources),
        functions=tuple(dict.fromkeys(call for facts in found for call in facts.functions)),
        macros=tuple(dict.fromkeys(macro for facts in found for macro in facts.macros)),
    )


def _shown_code(scope: Scope, body: Body, properties: Properties | None) -> str:
    """Return the code from which unrendered config is taken; empty where dbt takes none."""
    wants_unrendered = scope.inputs.flags.state_modified_compare_more_unrendered_values
    if body.language == "python" or not wants_unrendered:
        return ""
    has_config = properties is not None and bool(properties.config)
    is_model = body.kind == "model"
    return "" if is_model and not has_config and is_extractable(body.raw_code) else body.raw_code


def _raw_yaml(scope: Scope, properties: Properties) -> Mapping[str, Any]:
    if not scope.inputs.flags.state_modified_compare_more_unrendered_values:
        return properties.config
    # dbt adds the rendered items of a list to those as written.
    return {
        key: [*value, *properties.config.get(key, ())] if isinstance(value, list) else value
        for key, value in properties.raw_config.items()
    }


def _add_properties(
    scope: Scope, values: dict[str, Any], properties: Properties, body: Body, *, is_enabled: bool
) -> None:
    patch = properties.patch
    values["patch_path"] = properties.patch_path
    span = Span(file=scope.place(patch.package, patch.path), keys=(*patch.keys, "description"))
    unique_id = body.unique_id
    render = scope.descriptions.render if is_enabled else as_written
    values["description"], values["doc_blocks"] = render(
        properties.description, patch.package, span, unique_id
    )
    if properties.columns:
        values["columns"] = columns_of(
            render, properties.columns, patch.package, span.file, patch.keys, unique_id
        )


def columns_of(
    render: Render,
    patches: tuple[ColumnPatch, ...],
    package: str,
    file: str,
    keys: tuple[Any, ...],
    unique_id: str,
) -> dict[str, Column]:
    """Make columns; where one is named twice, the last one counts."""
    columns: dict[str, Column] = {}
    for patch in patches:
        text = patch.description
        blocks: tuple[str, ...] = ()
        if "{" in text:
            span = Span(file=file, keys=(*keys, "columns", patch.name, "description"))
            text, blocks = render(text, package, span, unique_id)
        constraints = patch.constraints
        if constraints:
            constraints = tuple(full_constraint(one, is_for_model=False) for one in constraints)
        columns[patch.name] = Column(
            name=patch.name,
            description=text,
            meta=patch.meta,
            data_type=patch.data_type,
            constraints=constraints,
            quote=patch.quote,
            tags=patch.tags,
            granularity=patch.granularity,
            doc_blocks=blocks,
            extra=(
                {**patch.extra, "policy_tags": list(patch.policy_tags)}
                if patch.policy_tags
                else patch.extra
            ),
        )
    return columns


def _add_model(
    values: dict[str, Any],
    config: Mapping[str, Any],
    properties: Properties | None,
    body: Body,
    refs: tuple[RefCall, ...],
    sources: tuple[SourceCall, ...],
) -> tuple[tuple[RefCall, ...], tuple[SourceCall, ...]]:
    """Add what only models have; returns the references with those of foreign keys."""
    values["access"] = config["access"] or "protected"
    values["version"] = body.version
    constraints: tuple[dict[str, Any], ...] = ()
    if properties is not None:
        patch: NodePatch = properties.patch
        constraints = tuple(
            full_constraint(one, is_for_model=True) for one in properties.constraints
        )
        values["constraints"] = constraints
        values["latest_version"] = properties.latest_version
        values["deprecation_date"] = timestamp(properties.deprecation_date)
        values["time_spine"] = patch.time_spine
    columns: Mapping[str, Column] = values.get("columns", _NONE)
    contract = config.get("contract")
    if isinstance(contract, dict) and contract.get("enforced"):
        values["contract_checksum"] = contract_checksum(
            columns, constraints, config.get("materialized")
        )
    return _foreign_keys(columns, constraints, refs, sources)


def _foreign_keys(
    columns: Mapping[str, Column],
    constraints: tuple[dict[str, Any], ...],
    refs: tuple[RefCall, ...],
    sources: tuple[SourceCall, ...],
) -> tuple[tuple[RefCall, ...], tuple[SourceCall, ...]]:
    targets = [one["to"] for one in constraints if one["to"]]
    for column in columns.values():
        if column.constraints:
            targets += [one["to"] for one in column.constraints if one["to"]]
    for target in targets:
        call = read_call(str(target))
        if isinstance(call, RefCall):
            refs = (*refs, call)
        elif isinstance(call, SourceCall):
            sources = (*sources, call)
    return refs, sources


def timestamp(text: str | None) -> str | None:
    """Return a date or timestamp as dbt writes it: ISO, with an offset (UTC when not said)."""
    if text is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(str(text).strip())
    except ValueError:
        return str(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.isoformat()


def name_node(scope: Scope, values: dict[str, Any], kind: str, version: Any, file: str) -> None:
    """Add alias, schema, database and relation to a node's values (PROJ-176..180)."""
    config = values["config"]
    inputs = scope.inputs
    alias: str | Problem
    schema: str | Problem
    database: str | Problem | None
    if scope.names.are_default(values["package"]):
        alias = default_alias(config.get("alias"), values["name"], version)
        schema = default_schema(config.get("schema"), inputs.schema)
        database = default_database(config.get("database"), inputs.database)
    else:
        alias, schema, database = _asked_names(scope, values, kind, version, file)
    if kind == "snapshot":
        schema = config.get("target_schema") or schema
        database = config.get("target_database") or database
    values["alias"] = alias if isinstance(alias, str) else values["name"]
    values["schema"] = schema if isinstance(schema, str) else inputs.schema
    values["database"] = inputs.database if isinstance(database, Problem) else database
    values["relation_name"] = (
        scope.names.relation(values["database"], values["schema"], values["alias"])
        if _is_stored(scope, kind, config)
        else None
    )


def _asked_names(
    scope: Scope, values: Mapping[str, Any], kind: str, version: Any, file: str
) -> tuple[str | Problem, str | Problem, str | Problem | None]:
    """Return alias, schema and database as the project's own macros say."""
    config, package, names = values["config"], values["package"], scope.names

    def view() -> Mapping[str, Any]:
        return node_view(values, kind, scope)

    alias = names.alias(package, config.get("alias"), values["name"], version, view)
    schema = names.schema(package, config.get("schema"), view)
    database = names.database(package, config.get("database"), view)
    for answer in (alias, schema, database):
        if isinstance(answer, Problem):
            scope.problems.append(_placed(answer, file, values["unique_id"]))
    return alias, schema, database


def _is_stored(scope: Scope, kind: str, config: Mapping[str, Any]) -> bool:
    if kind == "test":
        stores = config["store_failures"]
        return bool(scope.inputs.flags.store_failures if stores is None else stores)
    if kind in ("model", "seed", "snapshot"):
        return config.get("materialized") != "ephemeral"
    return False


def _placed(problem: Problem, file: str, unique_id: str) -> Problem:
    return msgspec.structs.replace(
        problem,
        span=problem.span or Span(file=file),
        unique_id=problem.unique_id or unique_id,
    )


def node_view(values: Mapping[str, Any], kind: str, scope: Scope) -> dict[str, Any]:
    """Return the `node` that naming macros see (JINJA-83)."""
    return {
        "database": scope.inputs.database,
        "schema": scope.inputs.schema,
        "alias": values["name"],
        "refs": [
            {"name": one.name, "package": one.package, "version": one.version}
            for one in values["refs"]
        ],
        "sources": [[one.source, one.table] for one in values["sources"]],
        **{key: values[key] for key in _VIEWED if key in values},
        "fqn": list(values["fqn"]),
        "tags": list(values["tags"]),
        "package_name": values["package"],
        "resource_type": kind,
        "version": values.get("version"),
        "access": values.get("access"),
        "description": values.get("description", ""),
        "columns": {},
    }


_VIEWED = (
    "name", "unique_id", "path", "original_file_path", "raw_code", "language", "config",
    "unrendered_config", "meta", "group",
)  # fmt: skip
