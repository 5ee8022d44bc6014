"""DuckDB's keys in `profiles.yml`, as dbt-duckdb reads them (ADPT-107).

A relative `path` is relative to the current directory, not to the project or the profile. The
database is named after the file, unless the profile names the alias of an attached one.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.adapters.contract import Credentials
from upriver.adapters.duckdb.plugins import BUILT_IN, has_dbt_duckdb
from upriver.adapters.output import Field, Where, read_output
from upriver.adapters.redact import hide_in_value
from upriver.problems import Problem, has_errors

MEMORY = ":memory:"

_FIELDS: dict[str, Field] = {
    "database": Field(),
    "schema": Field(default="main"),
    "path": Field(default=MEMORY),
    "config_options": Field(kind="mapping"),
    "extensions": Field(kind="list"),
    "settings": Field(kind="mapping"),
    "secrets": Field(kind="list"),
    "external_root": Field(default="."),
    "use_credential_provider": Field(),
    "attach": Field(kind="list"),
    "filesystems": Field(kind="list"),
    "remote": Field(kind="mapping"),
    "plugins": Field(kind="list"),
    "disable_transactions": Field(kind="boolean", default=False),
    "keep_open": Field(kind="boolean", default=True),
    "module_paths": Field(kind="list"),
    "retries": Field(kind="mapping"),
    "is_ducklake": Field(kind="boolean"),
    "motherduck_token": Field(),
    "threads": Field(kind="integer", default=1),
}
# What dbt gives to templates as `target`, in its order (PROJ-43).
_SHOWN = (
    "database", "schema", "path", "config_options", "extensions", "settings", "external_root",
    "use_credential_provider", "attach", "filesystems", "remote", "plugins",
    "disable_transactions",
)  # fmt: skip
_NEEDED = {"filesystems": "fsspec", "use_credential_provider": "boto3"}
"""Libraries that a key needs, which upriver does not bring."""
FILE_TYPES = frozenset({"", "duckdb", "sqlite"})
"""Types of attachments whose path is a file's."""
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9_+.-]+:")
_WORD = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")


class Attachment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of `attach:`."""

    path: str
    type: str | None = None
    alias: str | None = None
    secret: str | None = None
    read_only: bool = False
    options: dict[str, Any] | None = None
    is_ducklake: bool | None = None


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `extensions:`."""

    name: str
    repo: str | None = None


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """The `retries:` mapping: attempts in total, and the driver's exceptions worth another."""

    connect_attempts: int = 1
    query_attempts: int | None = None
    retryable_exceptions: tuple[str, ...] = ("IOException",)


def parse_credentials(
    output: Mapping[str, Any], *, profile: str, target: str, root: str | None = None
) -> tuple[Credentials | None, tuple[Problem, ...]]:
    """Check a rendered output; the credentials are None when an error was found.

    Paths of files are relative to `root`, or to the current directory.
    """
    where = Where(profile=profile, target=target)
    values, found = read_output(output, _FIELDS, {}, where)
    problems = [*found, *_unsupported(values, where), *_extensions_in_python(values, where)]
    path = values["path"]
    attachments = _structs(values, "attach", Attachment, where, problems)
    extensions = _structs(
        {"extensions": [_as_extension(entry) for entry in values["extensions"] or ()]},
        "extensions", Extension, where, problems,
    )  # fmt: skip
    retries = _structs({"retries": [values["retries"] or {}]}, "retries", Retries, where, problems)
    database = _database(values["database"], path, attachments, where, problems)
    problems.extend(_bad_names(values, where))
    if has_errors(problems):
        return None, tuple(problems)
    values["database"] = database
    values["settings"] = values["settings"] or {}
    shown = {key: hide_in_value(values[key], key=key) for key in _SHOWN}
    secret = {
        **values,
        "path": absolute(path, root),
        "attach": tuple(_attached(attachment, root) for attachment in attachments),
        "extensions": extensions,
        "retries": retries[0],
        "secrets": values["secrets"] or [],
        "module_paths": tuple(absolute(str(p), root) for p in values["module_paths"] or ()),
    }
    credentials = Credentials(
        type="duckdb",
        database=database,
        schema=values["schema"],
        threads=values["threads"],
        shown=shown,
        secret=secret,
        # Whole, since every checkout has a `dev.duckdb` of its own.
        unique_field=absolute(path, root),
    )
    return credentials, tuple(problems)


def _attached(attachment: Attachment, root: str | None) -> Attachment:
    if (attachment.type or "").lower() not in FILE_TYPES:
        return attachment
    return msgspec.structs.replace(attachment, path=absolute(attachment.path, root))


def absolute(path: str, root: str | None = None) -> str:
    """Resolve a file path against a directory; URLs and `:memory:` stay as written."""
    if path == MEMORY or _SCHEME.match(path):
        return path
    return os.path.normpath((Path(root or "") / Path(path).expanduser()).absolute())


def database_of(path: str) -> str:
    """Name the database a path holds, as DuckDB itself names it."""
    if path == MEMORY:
        return "memory"
    if path.startswith(("md:", "motherduck:")):
        return path.partition(":")[2].partition("?")[0] or "my_db"
    # DuckDB names a database after its file up to the first dot.
    name = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    return name.partition(".")[0]


def _database(
    named: str | None,
    path: str,
    attachments: tuple[Attachment, ...],
    where: Where,
    problems: list[Problem],
) -> str:
    derived = database_of(path)
    aliases = [attachment.alias for attachment in attachments if attachment.alias]
    if named is None or named == derived:
        return derived
    if named not in aliases:
        problems.append(
            Problem(
                code="database-mismatch",
                message=f"{where} names database `{named}`, but its `path` holds `{derived}`",
                span=where.span("database"),
                hint=f"remove `database`, or write `{derived}` or the alias of an attached one",
            )
        )
    return named


def _as_extension(entry: Any) -> Any:
    return {"name": entry} if isinstance(entry, str) else entry


def _structs(
    values: Mapping[str, Any], key: str, struct: type[Any], where: Where, problems: list[Problem]
) -> tuple[Any, ...]:
    """Convert the entries of a list, reporting every one that does not fit."""
    made: list[Any] = []
    for at, entry in enumerate(values[key] or ()):
        try:
            made.append(msgspec.convert(entry, struct))
        except msgspec.ValidationError as error:
            problems.append(
                Problem(
                    code="credential-invalid",
                    message=f"`{key}` entry {at + 1} in {where} is wrong: {error}",
                    span=where.span(key),
                )
            )
    return tuple(made) or ((struct(),) if struct is Retries else ())


def _unsupported(values: Mapping[str, Any], where: Where) -> Iterator[Problem]:
    """Report what cannot be done here: without another library, or at all."""
    for key, library in _NEEDED.items():
        if values[key] and importlib.util.find_spec(library) is None:
            yield Problem(
                code="credential-unsupported",
                message=f"`{key}` in {where} needs the library {library}, which is not installed",
                span=where.span(key),
                hint=f"pip install {library}",
            )
    said = []
    if values["remote"]:
        said.append(("remote", "a remote DuckDB behind the PostgreSQL protocol"))
    provider = values["use_credential_provider"]
    if provider not in (None, "aws"):
        said.append(("use_credential_provider", f"credentials of `{provider}`, only of `aws`"))
    yield from (
        Problem(
            code="credential-unsupported",
            message=f"`{key}` in {where}: upriver does not support {what}",
            span=where.span(key),
        )
        for key, what in said
    )


def _extensions_in_python(values: Mapping[str, Any], where: Where) -> Iterator[Problem]:
    for key, named in (("plugins", "module"), ("filesystems", "fs")):
        for at, entry in enumerate(values[key] or ()):
            if not (isinstance(entry, Mapping) and isinstance(entry.get(named), str)):
                yield Problem(
                    code="credential-invalid",
                    message=f"`{key}` entry {at + 1} in {where} must be a mapping with `{named}`",
                    span=where.span(key),
                )
    for entry in values["plugins"] or ():
        module = entry.get("module") if isinstance(entry, Mapping) else None
        if module in BUILT_IN and not has_dbt_duckdb():
            yield Problem(
                code="credential-unsupported",
                message=f"The plug-in `{module}` in {where} is part of dbt-duckdb, which is not"
                " installed here",
                span=where.span("plugins"),
                hint="pip install dbt-duckdb beside upriver, or remove the entry",
            )


def _bad_names(values: Mapping[str, Any], where: Where) -> list[Problem]:
    """Report names that are put into SQL unquoted and are none."""
    named = [("settings", str(name)) for name in values["settings"] or ()]
    problems = [
        Problem(
            code="credential-invalid",
            message=f"`{name}` is not the name of a setting ({where})",
            span=where.span(key),
        )
        for key, name in named
        if not _WORD.match(name)
    ]
    problems.extend(
        Problem(
            code="credential-invalid",
            message=f"`secrets` entry {at + 1} in {where} must be a mapping with `type`",
            span=where.span("secrets"),
        )
        for at, entry in enumerate(values["secrets"] or ())
        if not (isinstance(entry, Mapping) and isinstance(entry.get("type"), str))
        or not all(_WORD.match(str(name)) for name in entry)
    )
    return problems
