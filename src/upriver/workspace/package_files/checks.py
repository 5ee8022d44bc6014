"""What is wrong with entries that are written well: names, versions, paths, addresses.

Only installing minds; a project whose packages are there runs without them being looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath, PureWindowsPath

import msgspec

from upriver.problems import Problem
from upriver.workspace.package_files.addresses import has_credentials, shown
from upriver.workspace.package_files.specs import (
    Entry,
    GitSpec,
    HubSpec,
    PrivateSpec,
    TarballSpec,
)
from upriver.workspace.semver import parse_specifier

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_PACKAGE_NAME = re.compile(r"[^\W\d][\w-]*")


def check_entries(entries: Iterable[Entry]) -> tuple[Problem, ...]:
    """Return every problem of the entries of one project."""
    return tuple(problem for entry in entries for problem in _check(entry))


def _check(entry: Entry) -> Iterator[Problem]:
    match entry.spec:
        case HubSpec():
            yield from _hub(entry, entry.spec)
        case GitSpec():
            yield from _git(entry, entry.spec)
        case TarballSpec():
            yield from _tarball(entry, entry.spec)
        case PrivateSpec():
            yield _problem(
                entry, "private-package-unsupported", "private",
                f"The private package `{entry.spec.private}` can be resolved by dbt's hosted "
                "service only",
                "Write a `git` entry with the address of its repository",
            )  # fmt: skip
        case _:
            return


def _hub(entry: Entry, spec: HubSpec) -> Iterator[Problem]:
    if not _HUB_NAME.fullmatch(spec.package):
        yield _problem(
            entry, "package-entry-invalid", "package",
            f"`{spec.package}` does not name a package of the registry",
            "Write its namespace as well, for instance `dbt-labs/dbt_utils`",
        )  # fmt: skip
    for text in spec.versions:
        if parse_specifier(text) is None:
            yield _problem(
                entry, "package-version-invalid", "version",
                f"`{text}` of `{spec.package}` is no version", _version_hint(text),
            )  # fmt: skip


def _version_hint(text: str) -> str:
    parts = [part.strip().replace(" ", "") for part in text.split(",")]
    if all(parse_specifier(part) is not None for part in parts):
        if len(parts) == 1:
            return f"Leave the spaces out: `{parts[0]}`"
        listed = ", ".join(f'"{part}"' for part in parts)
        return f"Write the parts as a list: `version: [{listed}]`"
    return "Write three numbers, with `>`, `>=`, `<`, `<=` or `=` before them for a range"


def _git(entry: Entry, spec: GitSpec) -> Iterator[Problem]:
    for key, value in (("git", spec.git), ("revision", spec.revision or "")):
        if value.startswith("-"):
            yield _problem(
                entry, "package-entry-invalid", key,
                f"`{value}` begins with a hyphen, which git would take for an option",
            )  # fmt: skip
    if spec.subdirectory is not None and not is_inside(spec.subdirectory):
        yield _problem(
            entry, "package-entry-invalid", "subdirectory",
            f"The subdirectory `{spec.subdirectory}` is outside the repository",
            "Write a path relative to the repository's root",
        )  # fmt: skip
    yield from _credentials(entry, "git")


def _tarball(entry: Entry, spec: TarballSpec) -> Iterator[Problem]:
    if not is_package_name(spec.name):
        yield _problem(
            entry, "package-entry-invalid", "name",
            f"`{spec.name}` cannot be the name of a package",
            "Use letters, digits and underscores, and begin with a letter",
        )  # fmt: skip
    yield from _credentials(entry, "tarball")


def _credentials(entry: Entry, key: str) -> Iterator[Problem]:
    written = entry.unrendered.get(key)
    if isinstance(written, str) and has_credentials(written):
        problem = _problem(
            entry, "package-credentials-written", key,
            f"The address `{shown(written)}` has credentials written into it",
            "Keep them in an environment variable whose name begins with `DBT_ENV_SECRET_`: "
            "`{{ env_var('DBT_ENV_SECRET_GIT') }}`",
        )  # fmt: skip
        yield msgspec.structs.replace(problem, severity="warning")


def is_package_name(name: str) -> bool:
    """Whether a name can be that of a package's directory."""
    return _PACKAGE_NAME.fullmatch(name) is not None


def is_inside(path: str) -> bool:
    """Whether a relative path cannot leave the directory it starts from."""
    for kind in (PurePosixPath(path), PureWindowsPath(path)):
        if kind.is_absolute() or kind.anchor or ".." in kind.parts:
            return False
    return True


def _problem(entry: Entry, code: str, key: str, message: str, hint: str | None = None) -> Problem:
    span = entry.span
    if span is not None:
        span = msgspec.structs.replace(span, keys=(*span.keys, key))
    return Problem(code=code, message=shown(message), span=span, hint=hint)
