"""Sources: what a source and its table say is merged key by key (PROJ-186..196)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Template
from typing import Any

import msgspec

from upriver.graph.config import DEFAULTS, as_list, distinct_tags
from upriver.graph.docs import as_written
from upriver.graph.drafts import Draft, Scope, resolve_config
from upriver.graph.kinds.generic_tests import Target
from upriver.graph.kinds.nodes import columns_of
from upriver.problems import Span
from upriver.resources.calls import SourceCall
from upriver.resources.definitions import SourceDefinition
from upriver.resources.dialect import merge_quoting, render_name
from upriver.resources.nodes import Source
from upriver.resources.relation import RelationName

_QUOTED = ("database", "schema", "identifier", "column")
_MERGED = ("freshness", "loaded_at_field", "loaded_at_query", "meta", "tags")
"""Config keys that are put together here; the others are those of `config:`."""
_THRESHOLDS = ("warn_after", "error_after")
_ABSENT = object()


def overridden(definitions: Iterable[SourceDefinition]) -> list[SourceDefinition]:
    """Apply entries with `overrides:` to the package's source of that name (PROJ-192)."""
    everything = list(definitions)
    patches: dict[tuple[str, str], dict[str, SourceDefinition]] = {}
    for one in everything:
        package = one.source.get("overrides")
        if package is not None:
            patches.setdefault((str(package), one.source_name), {})[one.name] = one
    if not patches:
        return everything
    return [
        _patched(one, patches.get((one.package, one.source_name), {}))
        for one in everything
        if one.source.get("overrides") is None
    ]


def _patched(
    definition: SourceDefinition, patches: Mapping[str, SourceDefinition]
) -> SourceDefinition:
    if not patches:
        return definition
    source = next(iter(patches.values())).source
    said = {k: v for k, v in source.items() if k != "overrides" and v is not None}
    changed = msgspec.structs.replace(definition, source={**definition.source, **said})
    own = patches.get(definition.name)
    if own is None:
        return changed
    return msgspec.structs.replace(
        changed,
        table={**definition.table, **{k: v for k, v in own.table.items() if v is not None}},
        columns=own.columns or definition.columns,
        tests=(*definition.tests, *own.tests),
    )


def draft_source(scope: Scope, definition: SourceDefinition) -> Draft:
    """Draft one table of a source."""
    source, table = definition.source, definition.table
    package, path = definition.package, definition.path
    file = scope.place(package, path)
    unique_id = f"source.{package}.{definition.source_name}.{definition.name}"
    directories = scope.directories(package, path)
    fqn = (package, *directories, definition.source_name, definition.name)
    span = Span(file=file, keys=(*definition.keys, "description"))
    config, unrendered = _config(scope, definition, fqn)
    is_enabled = config["enabled"] is not False
    render = scope.descriptions.render if is_enabled else as_written
    description, blocks = render(str(table.get("description") or ""), package, span, unique_id)
    source_description, _ = render(str(source.get("description") or ""), package, span, unique_id)
    values: dict[str, Any] = {
        "unique_id": unique_id,
        "name": definition.name,
        "source_name": definition.source_name,
        "package": package,
        "path": path,
        "original_file_path": path,
        "fqn": fqn,
        **_relation(scope, definition, config["meta"]),
        "loader": str(source.get("loader") or ""),
        "description": description,
        "doc_blocks": blocks,
        "source_description": source_description,
        "source_meta": {**(source.get("meta") or {}), **(_config_of(source).get("meta") or {})},
        "meta": config["meta"],
        "tags": tuple(config["tags"]),
        "config": config,
        "unrendered_config": unrendered,
        "freshness": config["freshness"],
        "loaded_at_field": config["loaded_at_field"],
        "loaded_at_query": config["loaded_at_query"],
        "external": _external(table.get("external")),
    }
    if definition.columns:
        values["columns"] = columns_of(
            render,
            definition.columns,
            package,
            file,
            definition.keys,
            unique_id,
        )
    return Draft(
        type=Source,
        kind="source",
        unique_id=unique_id,
        name=definition.name,
        package=package,
        is_enabled=config["enabled"] is not False,
        values=values,
        file=file,
        keys=definition.keys,
        own_tags=distinct_tags(as_list(source.get("tags")), as_list(table.get("tags"))),
    )


def check_freshness(scope: Scope, draft: Draft) -> None:
    """Warn of a source that shall be fresh and does not say how that is found out."""
    values = draft.values
    is_answered = scope.inputs.dialect.knows_last_change or not draft.is_enabled
    if is_answered or values["loaded_at_field"] or values["loaded_at_query"]:
        return
    said = values["freshness"] or {}
    if not any((said.get(key) or {}).get("count") for key in _THRESHOLDS):
        return
    scope.report(
        "freshness-unknown",
        f"`{values['source_name']}.{draft.name}` has `freshness` but no `loaded_at_field`, and"
        f" {scope.inputs.dialect.type} does not tell when a table was changed last",
        draft.span,
        unique_id=draft.unique_id,
        hint="Name the column that tells when a row was loaded in `loaded_at_field`",
        is_warning=True,
        event="FreshnessConfigProblem",
    )


def check_loading(scope: Scope, draft: Draft) -> None:
    """Warn of a source that a plug-in of dbt-duckdb would load: upriver reads what is there."""
    plugin = (draft.values["meta"] or {}).get("plugin")
    if not scope.inputs.dialect.has_external_sources or not draft.is_enabled or plugin is None:
        return
    scope.report(
        "source-not-loaded",
        f"`{draft.values['source_name']}.{draft.name}` is loaded by the plug-in `{plugin}` in"
        " dbt-duckdb; upriver reads the relation as it is",
        draft.span,
        unique_id=draft.unique_id,
        hint="Load it beforehand, or name files in `external_location`",
        is_warning=True,
    )


def tested_source(definition: SourceDefinition, draft: Draft) -> Target:
    """Return a source table as what its tests are about (PROJ-195)."""
    return Target(
        section="sources",
        key_name=definition.source_name,
        package=definition.package,
        path=definition.path,
        call=SourceCall(source=definition.source_name, table=definition.name),
        unique_id=draft.unique_id,
        tags=draft.own_tags,
    )


def _relation(
    scope: Scope, definition: SourceDefinition, meta: Mapping[str, Any]
) -> dict[str, Any]:
    """Return where a table is: its parts, their quoting and the name they render to (PROJ-188)."""
    source, table = definition.source, definition.table
    database = source.get("database") or scope.inputs.database
    schema = str(source.get("schema") or definition.source_name)
    identifier = str(table.get("identifier") or definition.name)
    quoting = {
        **dict.fromkeys(_QUOTED),
        **(source.get("quoting") or {}),
        **{k: v for k, v in (table.get("quoting") or {}).items() if v is not None},
    }
    name = RelationName(database=database, schema=schema, identifier=identifier)
    rendered = None
    if scope.inputs.dialect.has_external_sources:
        rendered = external_location(meta, definition.name, name)
    if rendered is None:
        quoted = merge_quoting(scope.names.quoting, quoting)
        rendered = render_name(scope.inputs.dialect, name, quoted)
    return {
        "database": database,
        "schema": schema,
        "identifier": identifier,
        "quoting": quoting,
        "relation_name": rendered,
        "unrendered_database": definition.raw_source.get("database"),
        "unrendered_schema": definition.raw_source.get("schema"),
    }


def external_location(meta: Mapping[str, Any], table: str, name: RelationName) -> str | None:
    """Return the file, or the call that reads files, which stands for a source's name (ADPT-142).

    The text may name parts: `data/{name}.csv`; `meta.formatter` chooses `%(name)s` or `$name`.
    """
    written = meta.get("external_location")
    if not isinstance(written, str):
        return None
    parts = {
        **{key: value for key, value in meta.items() if key != "external_location"},
        "name": table,
        "identifier": name.identifier,
        "schema": name.schema,
        "database": name.database,
    }
    try:
        match meta.get("formatter"):
            case "oldstyle":
                location = written % parts
            case "template":
                location = Template(written).substitute(parts)
            case _:
                location = written.format(**parts)
    except (KeyError, ValueError, IndexError, AttributeError):
        # A brace that is none of ours, as in a pattern of files.
        location = written
    return location if "(" in location else f"'{location}'"


def _external(written: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if written is None:
        return None
    keys = ("location", "file_format", "row_format", "tbl_properties", "partitions")
    return {**dict.fromkeys(keys), **written}


def _config_of(written: Mapping[str, Any]) -> Mapping[str, Any]:
    config = written.get("config")
    return config if isinstance(config, Mapping) else {}


def _config(
    scope: Scope, definition: SourceDefinition, fqn: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    source, table = definition.source, definition.table
    of_source, of_table = _config_of(source), _config_of(table)
    said = {**of_source, **of_table}
    said["tags"] = sorted(
        {str(tag) for layer in (source, of_source, table, of_table)
         for tag in as_list(layer.get("tags"))}
    )  # fmt: skip
    said["meta"] = {
        key: value
        for layer in (source, of_source, table, of_table)
        for key, value in (layer.get("meta") or {}).items()
    }
    for key in ("loaded_at_field", "loaded_at_query"):
        said[key] = _last_said(
            key, ((of_source, True), (source, False), (table, False), (of_table, True))
        )
    freshness = _freshness((source, of_source, table, of_table))
    said.pop("freshness", None)
    if freshness is not _ABSENT:
        said["freshness"] = freshness
    resolved = resolve_config(
        scope, "source", definition.package, fqn, yaml=said, raw_yaml=said, in_file={},
        raw_in_file={},
    )  # fmt: skip
    config = resolved.config
    if freshness is _ABSENT and config["freshness"] is not None:
        config = {
            **config,
            "freshness": {**DEFAULTS["source"]["freshness"], **config["freshness"]},
        }
    return config, resolved.unrendered


def _last_said(key: str, layers: tuple[tuple[Mapping[str, Any], bool], ...]) -> Any:
    """Return the most specific value; null beside `config`, not in it, says that there is none
    (PROJ-191). Each layer comes with whether it is a config.
    """
    value = None
    for layer, is_config in layers:
        if key in layer and (layer[key] is not None or not is_config):
            value = layer[key]
    return value


def _freshness(layers: tuple[Mapping[str, Any], ...]) -> Any:
    """Merge freshness, general first (PROJ-190); null at a later level says there is none."""
    merged: Any = _ABSENT
    for layer in layers:
        if "freshness" not in layer:
            continue
        said = layer["freshness"]
        if said is None:
            merged = None
            continue
        before = merged if isinstance(merged, dict) else DEFAULTS["source"]["freshness"]
        merged = {**before, **{key: _threshold(key, said[key], before) for key in said}}
    return merged


def _threshold(key: str, said: Any, before: Mapping[str, Any]) -> Any:
    if key not in _THRESHOLDS or not isinstance(said, Mapping):
        return said
    known = before.get(key)
    return {**(known or {"count": None, "period": None}), **said}
