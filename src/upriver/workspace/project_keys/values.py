"""Readers of the values in `dbt_project.yml`: each gives the typed value, or a complaint."""

from __future__ import annotations

import posixpath
import re
from typing import Any

import msgspec

from upriver.resources.nearest import nearest_hint
from upriver.workspace.project_keys.version import parse_specifier
from upriver.workspace.settings import Dispatch, QueryComment


class Complaint(msgspec.Struct, frozen=True):
    """Why a value cannot be used; completes the sentence "`key` ..."."""

    text: str
    hint: str | None = None
    code: str = "project-key-type"


_QUOTING_KEYS = ("database", "schema", "identifier", "project", "snowflake_ignore_case")
_RESERVED_NAMES = frozenset(
    {
        "adapter", "api", "column", "config", "context", "database", "env", "env_var",
        "exceptions", "execute", "flags", "fromjson", "fromyaml", "graph", "invocation_id",
        "load_agate_table", "load_result", "log", "model", "modules", "post_hooks",
        "pre_hooks", "ref", "render", "return", "run_started_at", "schema", "source", "sql",
        "sql_now", "store_raw_result", "store_result", "target", "this", "tojson", "toyaml",
        "try_or_compiler_error", "var", "write",
    }
)  # fmt: skip
_NAME = re.compile(r"[^\W\d]\w*")


def read_name(value: Any) -> str | Complaint:
    """The project's name (PROJ-3)."""
    if not isinstance(value, str):
        return Complaint("must be text")
    if _NAME.fullmatch(value) is None:
        return Complaint(
            f"is `{value}`, which is no name",
            "Use letters, digits and underscores, and begin with a letter",
            "project-name-invalid",
        )
    if value in _RESERVED_NAMES:
        return Complaint(
            f"is `{value}`, which is the name of something templates use",
            f"Choose another name, for instance `{value}_project`",
            "project-name-reserved",
        )
    return value


def read_text(value: Any) -> str | Complaint:
    """Any text."""
    return value if isinstance(value, str) else Complaint("must be text")


def read_version(value: Any) -> str | float | int | Complaint:
    """The project's own version, kept as it is (PROJ-5)."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return Complaint("must be text or a number")


def read_config_version(value: Any) -> int | Complaint:
    """Nothing but 2 (PROJ-4)."""
    if value == 2 and not isinstance(value, bool):  # noqa: PLR2004 # the only version there is
        return 2
    return Complaint(f"is `{value}`; the only one known is `2`", "Remove the key or write `2`")


def read_path(value: Any) -> str | Complaint:
    """One path."""
    return value if isinstance(value, str) and value else Complaint("must be a path")


def read_paths(value: Any) -> tuple[str, ...] | Complaint:
    """Directories relative to the project (PROJ-7)."""
    if not isinstance(value, list) or not all(isinstance(path, str) for path in value):
        hint = f"Write `[{value}]`" if isinstance(value, str) else None
        return Complaint("must be a list of directories", hint)
    for path in value:
        if posixpath.isabs(path):
            return Complaint(
                f"holds `{path}`, which is absolute", "Write it relative to the project"
            )
    return tuple(dict.fromkeys(_normal(path) for path in value))


def _normal(path: str) -> str:
    normal = posixpath.normpath(path.replace("\\", "/"))
    return "" if normal == "." else normal


def read_texts(value: Any) -> tuple[str, ...] | Complaint:
    """A string or a list of strings (PROJ-21)."""
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return tuple(items)
    return Complaint("must be text or a list of texts")


def read_strings(value: Any) -> tuple[str, ...] | Complaint:
    """A list of paths, kept as they are."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return Complaint("must be a list of paths")


def read_mapping(value: Any) -> dict[str, Any] | Complaint:
    """A mapping of anything."""
    return value if isinstance(value, dict) else Complaint("must be a mapping")


def read_boolean(value: Any) -> bool | Complaint:
    """A truth value."""
    return value if isinstance(value, bool) else Complaint("must be `true` or `false`")


def read_quoting(value: Any) -> dict[str, Any] | Complaint:
    """Which parts of names are quoted (PROJ-20)."""
    if not isinstance(value, dict):
        return Complaint("must be a mapping")
    for key, flag in value.items():
        if key not in _QUOTING_KEYS:
            return Complaint(
                f"holds the unknown key `{key}`",
                nearest_hint(str(key), _QUOTING_KEYS)
                or f"Known keys are {', '.join(_QUOTING_KEYS)}",
            )
        if flag is not None and not isinstance(flag, bool):
            return Complaint(f"holds `{key}: {flag}`, which must be `true` or `false`")
    return {key: flag for key, flag in value.items() if flag is not None}


def read_dbt_versions(value: Any) -> tuple[str, ...] | Complaint:
    """Version requirements, split at commas (PROJ-22)."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return Complaint("must be text such as `>=1.6.0` or a list of such texts")
    specifiers = tuple(part.strip() for item in items for part in item.split(",") if part.strip())
    for specifier in specifiers:
        if parse_specifier(specifier) is None:
            return Complaint(
                f"holds `{specifier}`, which is no version requirement",
                "Write three numbers, for instance `>=1.6.0`",
            )
    return specifiers


def read_dispatch(value: Any) -> tuple[Dispatch, ...] | Complaint:
    """Search orders of macro namespaces (PROJ-23)."""
    hint = "Each entry is `{macro_namespace: <package>, search_order: [<package>, ...]}`"
    if not isinstance(value, list):
        return Complaint("must be a list", hint)
    entries = []
    for entry in value:
        namespace = entry.get("macro_namespace") if isinstance(entry, dict) else None
        order = entry.get("search_order") if isinstance(entry, dict) else None
        if not isinstance(namespace, str) or not isinstance(order, list):
            return Complaint(f"holds `{entry}`, which lacks one of its two keys", hint)
        entries.append(
            Dispatch(macro_namespace=namespace, search_order=tuple(str(name) for name in order))
        )
    return tuple(entries)


def read_query_comment(value: Any) -> QueryComment | Complaint:
    """The comment put before queries (PROJ-27)."""
    if isinstance(value, str):
        return QueryComment(comment=value or None, is_off=not value.strip())
    known = ("comment", "append", "job-label")
    if not isinstance(value, dict) or any(key not in known for key in value):
        return Complaint("must be text or a mapping with `comment`, `append` and `job-label`")
    comment = value.get("comment")
    return QueryComment(
        comment=None if comment is None else str(comment) or None,
        is_off="comment" in value and not str(comment or "").strip(),
        append=bool(value.get("append")),
        job_label=bool(value.get("job-label")),
    )


def read_anything(value: Any) -> Any:
    """A key that is tolerated and not used (PROJ-2)."""
    return value
