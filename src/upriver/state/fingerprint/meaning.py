"""The meaning of one resource, apart from its ancestors: named parts, and their digest.

`config` keys fall into three groups. Keys that say *where* a relation lies, who owns it or how it
is described do not count. Keys that say in which *form* it is kept (indexes, grants, clustering)
count for whoever asks whether it must be built again, but not for what is in it. Every other key,
and every key nobody has heard of, is part of the meaning.

A view, a table and an ephemeral model of the same query hold the same rows, so which of the three
it is belongs to the form. Any other materialization has its name in the meaning, and the form
with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.digest import digest_value
from upriver.state.fingerprint.described import Described
from upriver.state.fingerprint.macros import MacroPart, Macros
from upriver.state.fingerprint.words import META, Text

VERSION = "1"
"""First part of every fingerprint; raised whenever the same resource may get another one."""

QUERIES = frozenset({"view", "table", "ephemeral", "materialized_view"})
"""Materializations that hold exactly the rows of their query."""

_UNCOUNTED = frozenset(
    {
        "alias", "schema", "database", "enabled", "tags", "meta", "docs", "group", "access",
        "description", "full_refresh", "on_configuration_change", "quoting", "packages",
        "static_analysis", "freshness", "materialized", "contract", "pre-hook", "post-hook",
        "pre_hook", "post_hook", "store_failures", "store_failures_as", "severity",
        "target_schema", "target_database", "config_version",
    }
)  # fmt: skip
_FORM = frozenset(
    {
        "grants", "persist_docs", "indexes", "unlogged", "cluster_by", "clustered_by", "buckets",
        "partition_by", "partitioned_by", "partitions", "file_format", "location_root",
        "transient", "copy_grants", "secure", "labels", "kms_key_name", "hours_to_expiration",
        "snowflake_warehouse", "query_tag", "automatic_clustering", "auto_liquid_cluster",
        "liquid_clustered_by", "tblproperties", "sort", "sort_type", "dist", "bind", "backup",
        "table_format", "external_volume", "catalog", "resource_tags", "tmp_relation_type",
        "sorted_by", "require_partition_filter", "partition_expiration_days",
    }
)  # fmt: skip
_TEXTS = frozenset({"sql_header", "where"})
_HOOKS = ("pre-hook", "post-hook")
_DEFAULTS: Mapping[str, Any] = {
    "on_schema_change": "ignore", "batch_size": None, "lookback": 1, "delimiter": ",",
}  # fmt: skip

Read = Callable[[str], Text]


class Meaning(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a resource: enough to answer without reading it again."""

    own: str
    """Digest of the parts, without the answers of `asks`."""
    form: str
    package: str
    asks: tuple[str, ...] = ()
    """Questions whose answers lie outside the project's files."""
    volatile: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    is_known: bool = True
    """False when part of it is not known, such as the content of a large seed of a manifest."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The named parts of a meaning, for whoever wants to know what differs."""

    parts: Mapping[str, Any]
    form: Mapping[str, Any]
    macros: MacroPart
    asks: tuple[str, ...]
    volatile: tuple[str, ...]
    is_known: bool


def meaning_of(described: Described, macros: Macros, read: Read) -> Meaning:
    """Return a resource's meaning."""
    found = parts_of(described, macros, read)
    return Meaning(
        own=digest_value([VERSION, found.parts, found.macros.digest]),
        form=digest_value(found.form),
        package=described.package,
        asks=found.asks,
        volatile=found.volatile,
        parents=described.parents,
        is_known=found.is_known,
    )


def parts_of(described: Described, macros: Macros, read: Read) -> Parts:
    """Return the named parts of a resource's meaning."""
    kind = described.kind
    if kind == "source":
        return _source(described, macros)
    config = described.config
    body = _body(described, read)
    texts = [body]
    parts: dict[str, Any] = {"kind": kind, "body": body.digest}
    form: dict[str, Any] = {}
    materialized = _materialized(described)
    is_query = materialized in QUERIES and not macros.builds_its_own(materialized)
    if kind != "test":
        (form if is_query else parts)["materialized"] = materialized
    for key, value in config.items():
        if key in _UNCOUNTED or value is None or value == _DEFAULTS.get(key) or value in ([], {}):
            continue
        if key in _TEXTS and isinstance(value, str):
            texts.append(read(value))
            value = texts[-1].digest  # noqa: PLW2901 - the text itself does not count
        (form if is_query and key in _FORM else parts)[f"config.{key}"] = value
    for key in _HOOKS:
        hooks = [read(sql) for sql in _hook_texts(config.get(key))]
        if hooks:
            texts += hooks
            parts[key] = [hook.digest for hook in hooks]
    if described.columns:
        parts["contract"] = {name: column[0] for name, column in described.columns.items()}
        form["constraints"] = [described.columns, described.constraints or ()]
    if kind == "seed":
        parts["content"] = described.checksum
    if described.extra:
        parts["test"] = described.extra
    return _gathered(described, macros, texts, parts, form, materialized)


def _body(described: Described, read: Read) -> Text:
    if described.language == "python":
        # Reading texts is loaded for those that were not read before.
        from upriver.state.fingerprint.questions import read_python

        return read_python(described.code)
    return read(described.code) if described.code else Text("")


def _gathered(
    described: Described,
    macros: Macros,
    texts: list[Text],
    parts: dict[str, Any],
    form: dict[str, Any],
    materialized: str,
) -> Parts:
    names = tuple(dict.fromkeys(name for text in texts for name in text.names))
    is_built = described.kind in ("model", "seed", "snapshot")
    part = macros.part(
        described.macros, names, described.package, materialized if is_built else None
    )
    asks: list[str] = []
    for ask in dict.fromkeys((*(a for text in texts for a in text.asks), *part.asks)):
        # What a resource asks of itself is answered here.
        if ask == META:
            parts["meta"] = described.config.get("meta") or {}
        elif ask.startswith("this:"):
            parts[ask] = _own_name(described, ask.removeprefix("this:"))
        else:
            asks.append(ask)
    volatile = dict.fromkeys((*(v for text in texts for v in text.volatile), *part.volatile))
    return Parts(
        parts=parts,
        form=form,
        macros=part,
        asks=tuple(sorted(asks)),
        volatile=tuple(volatile),
        is_known=described.kind != "seed" or described.checksum is not None,
    )


def _own_name(described: Described, part: str) -> Any:
    names = described.name_parts
    if part == "relation_name":
        return list(names.values())
    key = "alias" if part in ("identifier", "name", "table") else part
    return names.get(key)


def _source(described: Described, macros: Macros) -> Parts:
    names = dict(described.name_parts)
    given = {key: value for key, value in described.extra.items() if value}
    return Parts(
        parts={"kind": "source", "relation": names, **given},
        form={},
        macros=macros.part((), (), described.package, None),
        asks=(),
        volatile=(),
        is_known=True,
    )


def _materialized(described: Described) -> str:
    default = {"seed": "seed", "snapshot": "snapshot", "function": "function"}.get(
        described.kind, "view"
    )
    return str(described.config.get("materialized") or default)


def _hook_texts(hooks: Any) -> list[str]:
    if not isinstance(hooks, list | tuple):
        hooks = [] if hooks is None else [hooks]
    found = (hook.get("sql") if isinstance(hook, Mapping) else hook for hook in hooks)
    return [sql for sql in found if isinstance(sql, str)]
