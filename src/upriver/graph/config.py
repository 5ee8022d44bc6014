"""Configuration: the fields of every kind, and how a more specific layer changes them.

Layers from general to specific (PROJ-63): defaults, the package's own tree, property YAML, the
file's own `config()` calls, and for an installed package the root project's tree. A layer is
applied key by key with the key's merge rule (PROJ-79..125); keys without a rule replace. Rules
never change a value in place, since bases are shared by every node below a directory.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType
from typing import Any

import msgspec

_COMMON: dict[str, Any] = {
    "enabled": True,
    "alias": None,
    "schema": None,
    "database": None,
    "tags": [],
    "meta": {},
    "group": None,
    "static_analysis": None,
}
_NODE: dict[str, Any] = {
    **_COMMON,
    "materialized": "view",
    "incremental_strategy": None,
    "batch_size": None,
    "lookback": 1,
    "begin": None,
    "persist_docs": {},
    "post-hook": [],
    "pre-hook": [],
    "quoting": {},
    "column_types": {},
    "full_refresh": None,
    "unique_key": None,
    "on_schema_change": "ignore",
    "on_configuration_change": "apply",
    "grants": {},
    "packages": [],
    "docs": {"show": True, "node_color": None},
    "contract": {"enforced": False, "alias_types": True},
    "event_time": None,
    "concurrent_batches": None,
}
_SEMANTIC: dict[str, Any] = {"enabled": True, "group": None, "meta": {}}
_SNAPSHOT_COLUMNS: dict[str, Any] = {
    "dbt_valid_to": None,
    "dbt_valid_from": None,
    "dbt_scd_id": None,
    "dbt_updated_at": None,
    "dbt_is_deleted": None,
}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "model": {**_NODE, "access": "protected", "freshness": None},
    "seed": {**_NODE, "materialized": "seed", "delimiter": ",", "quote_columns": None},
    "snapshot": {
        **_NODE,
        "materialized": "snapshot",
        "strategy": None,
        "target_schema": None,
        "target_database": None,
        "updated_at": None,
        "check_cols": None,
        "snapshot_meta_column_names": _SNAPSHOT_COLUMNS,
        "dbt_valid_to_current": None,
    },
    "analysis": _NODE,
    "operation": _NODE,
    "sql_operation": _NODE,
    "test": {
        **_COMMON,
        "schema": "dbt_test__audit",
        "materialized": "test",
        "severity": "ERROR",
        "store_failures": None,
        "store_failures_as": None,
        "where": None,
        "limit": None,
        "fail_calc": "count(*)",
        "warn_if": "!= 0",
        "error_if": "!= 0",
    },
    "source": {
        "enabled": True,
        "event_time": None,
        "freshness": {
            "warn_after": {"count": None, "period": None},
            "error_after": {"count": None, "period": None},
            "filter": None,
        },
        "loaded_at_field": None,
        "loaded_at_query": None,
        "meta": {},
        "tags": [],
        "static_analysis": None,
    },
    "exposure": {"enabled": True, "tags": [], "meta": {}},
    "unit_test": {"tags": [], "meta": {}, "enabled": True, "static_analysis": None},
    "group": {},
    "function": {
        **_NODE,
        "materialized": "function",
        "type": "scalar",
        "volatility": None,
        "runtime_version": None,
        "entry_point": None,
    },
    "metric": _SEMANTIC,
    "semantic_model": _SEMANTIC,
    "saved_query": {
        **_SEMANTIC, "export_as": None, "schema": None, "cache": {"enabled": False},
    },
}  # fmt: skip
"""dbt's fields in the order of its manifest (ART-49); extra keys follow."""

ADAPTER_KEYS = frozenset(
    {
        "auto_liquid_cluster", "auto_refresh", "automatic_clustering", "backup", "base_location",
        "bind", "buckets", "cluster_by", "clustered_by", "copy_grants", "delimiter", "dist",
        "enable_refresh", "external_volume", "file_format", "format", "hours_to_expiration",
        "include_full_name_in_path", "index", "indexes", "kms_key_name", "labels",
        "liquid_clustered_by", "location", "location_root", "merge_exclude_columns",
        "merge_update_columns", "incremental_predicates", "predicates", "matched_condition",
        "options", "overwrite", "partition_by", "partition_expiration_days", "partitions",
        "pre_model", "query_tag", "refresh_mode", "require_partition_filter", "resource_tags",
        "row_access_policy", "secure", "skip_matched_step", "snowflake_warehouse", "sort",
        "sort_type", "sql_header", "table_type", "target_alias", "target_lag", "tblproperties",
        "tmp_relation_type", "transient", "unlogged", "view_security", "submission_method",
        "create_notebook", "cluster_id", "job_cluster_config", "python_version", "timeout",
        "parallel", "unrendered", "predicate", "description", "columns", "versions",
    }
)  # fmt: skip
"""Config that adapters and their macros read: no spelling mistakes of dbt's fields."""

HOOK_KEYS: Mapping[str, str] = {
    "pre_hook": "pre-hook",
    "post_hook": "post-hook",
    "pre-hook": "pre-hook",
    "post-hook": "post-hook",
}


def as_list(value: Any) -> list[Any]:
    """Return a list of a value that may be given alone."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def distinct_tags(*lists: Iterable[Any]) -> tuple[Any, ...]:
    """Return tags in order, each once; what is no tag is kept for `wrong_types` to find."""
    every = [tag for tags in lists for tag in tags]
    try:
        return tuple(dict.fromkeys(every))
    except TypeError:
        return tuple(every)


def hook_items(value: Any) -> list[dict[str, Any]]:
    """Return hooks in their manifest form; each is SQL, a mapping, or such a mapping as JSON."""
    return [_hook_item(item) for item in as_list(value)]


def _hook_item(item: Any) -> dict[str, Any]:
    if isinstance(item, str) and item.lstrip().startswith("{"):
        try:
            decoded = msgspec.json.decode(item.encode())
        except msgspec.DecodeError:
            decoded = None
        if isinstance(decoded, dict) and "sql" in decoded:
            item = decoded
    if isinstance(item, dict):
        return {
            "sql": item.get("sql", ""),
            "transaction": item.get("transaction", True),
            "index": item.get("index"),
        }
    return {"sql": str(item), "transaction": True, "index": None}


def _append(config: dict[str, Any], key: str, value: Any) -> None:
    config[key] = [*config.get(key, ()), *as_list(value)]


def _append_hooks(config: dict[str, Any], key: str, value: Any) -> None:
    key = HOOK_KEYS[key]
    config[key] = [*config.get(key, ()), *hook_items(value)]


def _update(config: dict[str, Any], key: str, value: Any) -> None:
    if isinstance(value, Mapping):
        config[key] = {**(config.get(key) or {}), **value}


def _extend_grants(config: dict[str, Any], key: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        return
    grants = dict(config.get(key) or {})
    for privilege, grantees in value.items():
        name = str(privilege)
        if name.startswith("+"):
            grants[name[1:]] = [*grants.get(name[1:], ()), *as_list(grantees)]
        else:
            grants[name] = as_list(grantees)
    config[key] = grants


def _fill_freshness(config: dict[str, Any], key: str, value: Any) -> None:
    build_after = value.get("build_after") if isinstance(value, Mapping) else None
    if isinstance(build_after, Mapping):
        value = {**value, "build_after": {**build_after}}
        value["build_after"].setdefault("updates_on", "any")
    config[key] = value


_Rule = Callable[[dict[str, Any], str, Any], None]
_NODE_RULES: Mapping[str, _Rule] = {
    "tags": _append,
    "meta": _update,
    "pre-hook": _append_hooks,
    "pre_hook": _append_hooks,
    "post-hook": _append_hooks,
    "post_hook": _append_hooks,
    "quoting": _update,
    "column_types": _update,
    "grants": _extend_grants,
    "packages": _append,
    "docs": _update,
    "contract": _update,
    "freshness": _fill_freshness,
    "snapshot_meta_column_names": _update,
}
_FEW_RULES: Mapping[str, _Rule] = {"tags": _append, "meta": _update}
_RULES: Mapping[str, Mapping[str, _Rule]] = {
    "test": _FEW_RULES,
    "unit_test": _FEW_RULES,
    # A source's tags are those of its YAML alone, and an exposure's keys replace (observed).
    "source": {"meta": _update},
    "metric": {"meta": _update},
    "semantic_model": {"meta": _update},
    "saved_query": {"meta": _update},
    "exposure": {},
    "group": {},
}


def apply_layer(config: dict[str, Any], layer: Mapping[str, Any], kind: str) -> None:
    """Apply one layer to a config under construction, which belongs to the caller."""
    rules = _RULES.get(kind, _NODE_RULES)
    for key, value in layer.items():
        rule = rules.get(key)
        if rule is None:
            config[key] = value
        else:
            rule(config, key, value)


def accumulate_calls(calls: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return several `config()` calls as one layer (PROJ-69); the first is kept as written."""
    layer: dict[str, Any] = {}
    for number, call in enumerate(calls):
        for written, value in call.items():
            key = HOOK_KEYS.get(written, written)
            if key in layer or (number and _NODE_RULES.get(key) in (_append, _append_hooks)):
                layer[key] = _accumulated(key, layer.get(key), value)
            elif key == "grants" and isinstance(value, Mapping):
                # dbt makes lists of these in place (as observed).
                layer[key] = {name: as_list(grantees) for name, grantees in value.items()}
            else:
                layer[key] = value
    return layer


def _accumulated(key: str, before: Any, value: Any) -> Any:
    rule = _NODE_RULES.get(key)
    if rule is _append or rule is _append_hooks:
        return [*as_list(before), *as_list(value)]
    if rule is _extend_grants and isinstance(before, Mapping) and isinstance(value, Mapping):
        return {name: as_list(grantees) for name, grantees in {**before, **value}.items()}
    if rule is _update and isinstance(before, Mapping) and isinstance(value, Mapping):
        return {**before, **value}
    return value


def settle(config: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a complete config with fields that follow from each other filled (PROJ-121)."""
    if config.get("begin") is not None:
        return {**config, "begin": _in_full(config["begin"])}
    if kind != "test":
        return config
    stores, stored_as = config["store_failures"], config["store_failures_as"]
    if stored_as is not None:
        return {**config, "store_failures": stored_as != "ephemeral"}
    if stores is not None:
        return {**config, "store_failures_as": "table" if stores else "ephemeral"}
    return config


def _in_full(begin: Any) -> Any:
    """Return the first moment of a microbatch model as manifests show it, with its time of day."""
    if isinstance(begin, datetime.date) and not isinstance(begin, datetime.datetime):
        begin = datetime.datetime.combine(begin, datetime.time())
    elif isinstance(begin, str):
        try:
            begin = datetime.datetime.fromisoformat(begin)
        except ValueError:
            return begin
    return begin.isoformat() if isinstance(begin, datetime.datetime) else begin


_TEXTS = ("alias", "schema", "database", "group", "materialized", "on_schema_change")
_MAPPINGS = ("meta", "persist_docs", "quoting", "column_types", "grants", "docs", "contract")
_ABSENT: dict[str, Any] = {}
_ONLY_TEXT = frozenset({str})
_HEX_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
_COLOUR_NAMES = """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet
    brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan
    darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta
    darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen darkslateblue
    darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey
    dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray
    green greenyellow grey honeydew hotpink indianred indigo ivory khaki lavender lavenderblush
    lawngreen lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen
    lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray lightslategrey
    lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue
    mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise
    mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive
    olivedrab orange orangered orchid palegoldenrod palegreen paleturquoise palevioletred
    papayawhip peachpuff peru pink plum powderblue purple rebeccapurple red rosybrown royalblue
    saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue slateblue slategray
    slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white
    whitesmoke yellow yellowgreen
"""


def wrong_types(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the keys whose values cannot be what they are, with words for what they must be."""
    if _has_usual_types(config):
        return
    if not isinstance(config.get("enabled", True), bool):
        yield "enabled", "`true` or `false`"
    for key in _TEXTS:
        value = config.get(key)
        if value is not None and not isinstance(value, str):
            yield key, "text"
    for key in _MAPPINGS:
        if not isinstance(config.get(key, _ABSENT), dict):
            yield key, "a mapping"
    begin = config.get("begin")
    if begin is not None and not _is_moment(begin):
        yield "begin", "a date or a time, as `2025-01-31`"
    tags = config.get("tags", [])
    if not isinstance(tags, str) and not all(isinstance(tag, str) for tag in tags):
        yield "tags", "text or a list of texts"


def _has_usual_types(config: Mapping[str, Any]) -> bool:
    """Whether all values are certainly what they must be, as in nearly every config."""
    get = config.get
    for key in _TEXTS:
        kind = type(get(key))
        if kind is not str and kind is not NoneType:
            return False
    for key in _MAPPINGS:
        if type(get(key, _ABSENT)) is not dict:
            return False
    tags = get("tags", ())
    if type(tags) is not list or not set(map(type, tags)) <= _ONLY_TEXT:
        return False
    return type(get("enabled", True)) is bool and get("begin") is None


def _is_moment(value: Any) -> bool:
    """Tell whether a value is what `_in_full` makes of a date or time."""
    try:
        datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def is_colour(text: Any) -> bool:
    """Tell whether a text is a colour of HTML (PROJ-247)."""
    if _HEX_COLOUR.fullmatch(str(text)) is not None:
        return True
    return str(text).lower() in _COLOUR_NAMES.split()
