"""What a property file says of nodes that live in other files: models, seeds, snapshots, analyses
and singular tests (PROJ-149..155).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.columns import check_constraints, read_columns
from upriver.parse.entries.dates import read_date
from upriver.parse.entries.parts import NAME, TEXT, Field, Part, read_part
from upriver.parse.entries.reader import Keys, Reader, as_written
from upriver.parse.entries.reference import read_call
from upriver.parse.entries.tests import read_tests
from upriver.parse.entries.versions import read_versions
from upriver.resources.definitions import ColumnPatch, NodePatch, PatchKind
from upriver.resources.nearest import nearest_hint

_COMMON: shape.Shape = {
    "name": shape.TEXT,
    "description": shape.TEXT,
    "config": shape.MAPPING,
    "meta": shape.MAPPING,
    "docs": shape.MAPPING,
    "group": shape.OPTIONAL_TEXT,
    "access": shape.TEXT,
    "contract": shape.MAPPING,
    "columns": shape.ANYTHING,
    "data_tests": shape.ANYTHING,
    "tests": shape.ANYTHING,
}
_SHAPES: dict[PatchKind, shape.Shape] = {
    "model": {
        **_COMMON,
        "constraints": shape.LIST,
        "latest_version": shape.ANYTHING,
        "versions": shape.LIST,
        "deprecation_date": shape.ANYTHING,
        "time_spine": shape.OPTIONAL_MAPPING,
        "semantic_model": shape.ANYTHING,
        "metrics": shape.ANYTHING,
        "agg_time_dimension": shape.ANYTHING,
        "primary_entity": shape.ANYTHING,
        "derived_semantics": shape.ANYTHING,
    },
    "seed": {**_COMMON, "quote_columns": shape.OPTIONAL_BOOLEAN},
    "snapshot": {**_COMMON, "relation": shape.OPTIONAL_TEXT},
    "analysis": _COMMON,
    "function": {**_COMMON, "arguments": shape.LIST, "returns": shape.MAPPING},
    "test": {
        "name": shape.TEXT,
        "description": shape.TEXT,
        "config": shape.MAPPING,
        "meta": shape.MAPPING,
        "docs": shape.MAPPING,
    },
}
_MOVED = ("meta", "docs", "group", "access", "contract")
"""Written beside `config:`, they belong into it (PROJ-76)."""
_CONFIG_ONLY = frozenset(
    {
        "tags", "enabled", "materialized", "schema", "database", "alias", "unique_key",
        "incremental_strategy", "on_schema_change", "full_refresh", "persist_docs", "grants",
        "pre-hook", "post-hook", "pre_hook", "post_hook", "quoting", "column_types", "event_time",
        "partition_by", "cluster_by", "strategy", "updated_at", "check_cols", "severity",
    }
)  # fmt: skip
"""dbt ignores them beside `config:`."""
_ARTICLES = {
    "model": "A model", "seed": "A seed", "snapshot": "A snapshot", "analysis": "An analysis",
    "test": "A test", "function": "A function",
}  # fmt: skip
_HOOKS = ("pre_hook", "post_hook")
_TESTS = ("tests", "data_tests")


def read_node(reader: Reader, raw: Any, kind: PatchKind, keys: Keys) -> NodePatch | None:
    """Read one entry."""
    what = _ARTICLES[kind]
    if reader.name_of(raw, keys, what) is None:
        return None
    item = reader.render(raw, keys, _is_left_alone)
    name = reader.name_of(item, keys, what)
    if name is None:
        return None
    rules = _SHAPES[kind]
    known, unknown = reader.fields(item, rules, keys)
    if unknown:
        _doubt(reader, unknown, rules, keys, what)
    known["name"] = name
    config, raw_config = _config(reader, known, raw, keys)
    fields: dict[str, Any] = {
        "kind": kind,
        "name": name,
        "package": reader.package,
        "path": reader.path,
        "description": known.get("description", ""),
        "config": config,
        "raw_config": raw_config,
        "keys": keys,
    }
    if "columns" in known and kind not in ("test", "function"):
        fields["columns"] = read_columns(reader, item, raw, keys)
    if kind not in ("analysis", "test", "function"):
        fields["tests"] = read_tests(reader, raw, keys) or ()
    if kind == "model":
        _add_model_fields(reader, known, raw, fields, keys)
    elif kind == "function":
        _add_signature(reader, known, fields, keys)
    elif kind == "snapshot" and known.get("relation") is not None:
        fields["relation"] = _relation(reader, known["relation"], keys)
    return NodePatch(**fields)


def _is_left_alone(keys: Keys) -> bool:
    """Whether a string of an entry is not rendered (PROJ-168); sees keys inside the entry.

    dbt renders hooks that are spelled with a hyphen, and not those with an underscore.
    """
    match keys:
        case ("description",) | ("config", "description"):
            return True
        case ("tests" | "data_tests", *_) | ("config", "pre_hook" | "post_hook", *_):
            return True
        case ("columns", _, "tests" | "data_tests", *_):
            return True
        case ("versions", _, "tests" | "data_tests" | "description", *_):
            return True
        case ("versions", _, "columns", _, "tests" | "data_tests", *_):
            return True
        case ("columns" | "versions", *_):
            return keys[-1] == "description"
    return False


def _doubt(
    reader: Reader, unknown: Mapping[str, Any], rules: shape.Shape, keys: Keys, what: str
) -> None:
    misplaced = [key for key in unknown if key in _CONFIG_ONLY]
    for key in misplaced:
        reader.report(
            "property-misplaced",
            f"`{key}` has no effect beside `config`",
            (*keys, key),
            hint=f"Write it under `config`: `config: {{{key}: ...}}`",
            severity="warning",
        )
    reader.doubt_unknown([key for key in unknown if key not in _CONFIG_ONLY], rules, keys, what)


def _config(
    reader: Reader, known: Mapping[str, Any], raw: Mapping[str, Any], keys: Keys
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `config:` with the shortcuts moved into it, rendered and as written."""
    config = known.get("config", {})
    raw_config = as_written(raw["config"], config) if "config" in known else {}
    moved = [key for key in _MOVED if key in known]
    if not moved:
        return config, raw_config
    for key in moved:
        if key in config:
            reader.report(
                "property-twice",
                f"`{key}` is given both under `config` and beside it",
                (*keys, key),
                hint="Keep the one under `config`",
            )
    return (
        {**{key: known[key] for key in moved}, **config},
        {**{key: raw[key] for key in moved}, **raw_config},
    )


def _add_model_fields(
    reader: Reader, known: Mapping[str, Any], raw: Mapping[str, Any], fields: dict[str, Any],
    keys: Keys,
) -> None:  # fmt: skip
    if "access" in known:
        fields["access"] = known["access"]
    if "constraints" in known:
        fields["constraints"] = check_constraints(reader, known["constraints"], keys)
    if known.get("deprecation_date") is not None:
        fields["deprecation_date"] = read_date(
            reader, "deprecation_date", known["deprecation_date"], keys
        )
    versions, latest = read_versions(reader, known, raw, keys)
    fields["versions"] = versions
    fields["latest_version"] = latest
    if known.get("time_spine") is not None:
        fields["time_spine"] = _time_spine(reader, known["time_spine"], fields, keys)


_ARGUMENT = Part(
    what="An argument",
    fields={
        "name": NAME,
        "data_type": NAME,
        "description": TEXT,
        "default_value": Field(rule=shape.ANYTHING),
    },
)
_RETURNS = Part(what="`returns`", fields={"data_type": NAME, "description": TEXT})


def _add_signature(
    reader: Reader, known: Mapping[str, Any], fields: dict[str, Any], keys: Keys
) -> None:
    """Read what a function takes and gives (PROJ-161)."""
    listed = known.get("arguments", [])
    read = [
        read_part(reader, one, _ARGUMENT, (*keys, "arguments", at))
        for at, one in enumerate(listed)
    ]
    fields["arguments"] = tuple(one for one in read if one is not None)
    if "returns" in known:
        fields["returns"] = read_part(reader, known["returns"], _RETURNS, (*keys, "returns"))
    else:
        reader.report(
            "property-missing",
            f"The function `{fields['name']}` needs `returns`",
            keys,
            hint="Add `returns: {data_type: ...}`",
        )
    is_optional = False
    for at, one in enumerate(fields["arguments"]):
        if is_optional and one["default_value"] is None:
            reader.report(
                "function-arguments-order",
                f"The argument `{one['name']}` of the function `{fields['name']}` has no default, "
                "and stands behind one that has",
                (*keys, "arguments", at),
                hint="Move arguments with a `default_value` to the end",
            )
        is_optional = is_optional or one["default_value"] is not None


_GRANULARITY = Part(what="A custom granularity", fields={"name": NAME, "column_name": TEXT})
_TIME_SPINE = Part(
    what="`time_spine`",
    fields={
        "standard_granularity_column": NAME,
        "custom_granularities": Field(rule=shape.LIST, default=[], part=_GRANULARITY),
    },
)


def _time_spine(
    reader: Reader, value: dict[str, Any], fields: Mapping[str, Any], keys: Keys
) -> dict[str, Any] | None:
    """Read `time_spine:`, whose columns the model must describe (PROJ-149)."""
    place = (*keys, "time_spine")
    spine = read_part(reader, value, _TIME_SPINE, place)
    if spine is None:
        return None
    columns = _columns_of_latest(fields)
    name = spine["standard_granularity_column"]
    needed = [one["column_name"] or one["name"] for one in spine["custom_granularities"]]
    for column in (name, *needed):
        if column not in columns:
            reader.report(
                "time-spine-column-unknown",
                f"The time spine `{fields['name']}` needs the column `{column}`, which it does "
                "not describe",
                place,
                hint=nearest_hint(column, columns),
            )
    if name in columns and columns[name].granularity is None:
        reader.report(
            "time-spine-column-unknown",
            f"The column `{name}` of the time spine `{fields['name']}` has no `granularity`",
            place,
            hint="Add for instance `granularity: day` to the column",
        )
    return spine


def _columns_of_latest(fields: Mapping[str, Any]) -> dict[str, ColumnPatch]:
    columns = {column.name: column for column in fields.get("columns", ())}
    latest = fields["latest_version"]
    for version in fields["versions"]:
        if latest is not None and str(version.v) == str(latest):
            columns.update((column.name, column) for column in version.columns or ())
    return columns


def _relation(reader: Reader, text: str, keys: Keys) -> str | None:
    call = read_call(text)
    if call is not None and call[0] in ("ref", "source"):
        return text.strip()
    reader.report(
        "snapshot-relation-invalid",
        f"`relation` is `{text}`, which is neither a `ref` nor a `source`",
        (*keys, "relation"),
        hint="Write `ref('model')` or `source('source', 'table')`, without braces",
    )
    return None
