"""The statements that make a DuckDB database what its profile says, as text.

Nothing here talks to DuckDB; `warehouse.py` runs the statements, those of the instance once, those
of a session on every cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.adapters.duckdb.credentials import FILE_TYPES, Attachment, absolute
from upriver.adapters.redact import strings_in

# Options of `create secret` that say where and how, not with which key.
_PLAIN_OPTIONS = frozenset(
    {"type", "name", "provider", "scope", "persistent", "region", "endpoint", "url_style",
     "use_ssl", "url_compatibility_mode", "chain", "account_name"}
)  # fmt: skip
_SHORTEST_HIDDEN = 3


def literal(value: Any) -> str:
    """Write a profile's value as a SQL literal."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case Mapping():
            items = (f"{literal(str(key))}: {literal(item)}" for key, item in value.items())
            return f"MAP {{{', '.join(items)}}}"
        case list() | tuple():
            return f"[{', '.join(literal(item) for item in value)}]"
        case _:
            return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'


def attach_statement(attachment: Attachment) -> str:
    """Return the statement that attaches another database."""
    is_file = (attachment.type or "").lower() in FILE_TYPES
    path = absolute(attachment.path) if is_file else attachment.path
    options: list[str] = []
    if attachment.type:
        options.append(f"TYPE {identifier(attachment.type)}")
    if attachment.secret:
        options.append(f"SECRET {identifier(attachment.secret)}")
    if attachment.read_only:
        options.append("READ_ONLY")
    options.extend(
        f"{identifier(str(name))} {literal(value)}"
        for name, value in (attachment.options or {}).items()
    )
    alias = f" AS {identifier(attachment.alias)}" if attachment.alias else ""
    suffix = f" ({', '.join(options)})" if options else ""
    return f"ATTACH IF NOT EXISTS {literal(path)}{alias}{suffix}"


def secret_statement(secret: Mapping[str, Any], number: int) -> str:
    """Return the statement that makes one entry of `secrets:` known."""
    options = {key: value for key, value in secret.items() if value is not None}
    name = str(options.pop("name", None) or f"upriver_secret_{number}")
    kind = "PERSISTENT SECRET" if options.pop("persistent", False) else "SECRET"
    shown = ", ".join(f"{key} {literal(value)}" for key, value in options.items())
    return f"CREATE OR REPLACE {kind} {identifier(name)} ({shown})"


def setting_statements(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one statement per setting of `settings:`."""
    return tuple(f"SET {name} = {literal(value)}" for name, value in settings.items())


def hidden_values(secret: Mapping[str, Any]) -> tuple[str, ...]:
    """Collect the values that no error may show."""
    hidden = [secret["motherduck_token"] or ""]
    for entry in secret["secrets"]:
        for key, value in entry.items():
            if key.lower() not in _PLAIN_OPTIONS:
                hidden.extend(strings_in(value))
    return tuple(text for text in hidden if len(text) >= _SHORTEST_HIDDEN)
