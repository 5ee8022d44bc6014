"""`~/.dbt/dbt_cloud.yml`: the servers a user may ask, with tokens (platform section 4.1).

Two forms are read: the current one, and an older one whose entries have `api-key` and no names.
Ids may be numbers or text. What has an unexpected shape is left out and told, never guessed.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from upriver.problems import Problem, Span
from upriver.workspace.link.hosts import address_of, agree
from upriver.workspace.link.mention import FILE
from upriver.workspace.project_file import read_settings_text
from upriver.workspace.yaml import load_yaml

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says of one project."""

    project_id: str
    host: str | None = None
    """As written."""
    token: str | None = None
    account_id: str | None = None
    project_name: str | None = None
    account_name: str | None = None
    token_name: str | None = None

    def __repr__(self) -> str:
        return f"Entry(project_id={self.project_id!r}, host={self.host!r})"


class UserFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    path: str
    entries: tuple[Entry, ...] = ()
    active_project: str | None = None
    active_host: str | None = None
    defer_environment: str | None = None

    def entry_of(self, project_id: str, host: str | None) -> Entry | None:
        """Return the entry of a project; several servers may know projects of one id."""
        found = [entry for entry in self.entries if entry.project_id == project_id]
        for wanted in (host, self.active_host):
            for entry in found:
                if wanted is not None and entry.host is not None and agree(wanted, entry.host):
                    return entry
        return found[0] if found else None


def read_user_file(path: str) -> tuple[UserFile, tuple[Problem, ...]]:
    """Read the file; one that is not there says nothing."""
    found = _read(path)
    if isinstance(found, Problem):
        return UserFile(path=path), (found,)
    if found is None:
        return UserFile(path=path), ()
    reading = _Reading(path)
    context = reading.mapping(found.get("context"), ("context",))
    file = UserFile(
        path=path,
        entries=reading.entries(found.get("projects")),
        active_project=reading.text(context.get("active-project"), ("context", "active-project")),
        active_host=reading.text(context.get("active-host"), ("context", "active-host")),
        defer_environment=reading.text(context.get("defer-env-id"), ("context", "defer-env-id")),
    )
    return file, (*reading.problems, *_readable_by_others(path))


def _read(path: str) -> dict[str, Any] | Problem | None:
    if not Path(path).exists():
        return None
    text = read_settings_text(Path(path))
    if text is None:
        return _wrong(path, (), "it cannot be read as UTF-8 text")
    document = load_yaml(text, path)
    if document.problems:
        return _wrong(path, (), "it is not YAML")
    if document.value is None:
        return None
    return document.value if isinstance(document.value, dict) else _wrong(path, (), "a mapping")


class _Reading:
    """Collects what has an unexpected shape."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.problems: list[Problem] = []

    def mapping(self, value: Any, keys: tuple[str | int, ...]) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        if value is not None:
            self.problems.append(_wrong(self._path, keys, "a mapping"))
        return {}

    def text(self, value: Any, keys: tuple[str | int, ...]) -> str | None:
        if value is None or isinstance(value, bool | list | dict | float):
            if value is not None:
                self.problems.append(_wrong(self._path, keys, "text or a number"))
            return None
        return str(value).strip() or None

    def entries(self, value: Any) -> tuple[Entry, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            self.problems.append(_wrong(self._path, ("projects",), "a list"))
            return ()
        found = (self._entry(item, ("projects", at)) for at, item in enumerate(value))
        return tuple(entry for entry in found if entry is not None)

    def _entry(self, value: Any, keys: tuple[str | int, ...]) -> Entry | None:
        item = self.mapping(value, keys)
        words = {name: self.text(item.get(name), (*keys, name)) for name in _NAMES}
        if words["project-id"] is None:
            self.problems.append(_wrong(self._path, keys, "a mapping with `project-id`"))
            return None
        host = words["account-host"]
        if host is not None and address_of(host) is None:
            self.problems.append(_wrong(self._path, (*keys, "account-host"), "the name of a host"))
            return None
        return Entry(
            project_id=words["project-id"],
            host=host,
            token=words["token-value"] or words["api-key"],
            account_id=words["account-id"],
            project_name=words["project-name"],
            account_name=words["account-name"],
            token_name=words["token-name"],
        )


_NAMES = (
    "project-id", "project-name", "account-id", "account-name", "account-host", "token-name",
    "token-value", "api-key",
)  # fmt: skip


def _wrong(path: str, keys: tuple[str | int, ...], expected: str) -> Problem:
    where = ".".join(map(str, keys))
    said = f"`{where}` must be {expected}" if where else expected
    if not where and expected.startswith("a "):
        said = f"it must be {expected}"
    return Problem(
        code="link-file-invalid",
        severity="warning",
        message=f"`{path}` cannot be used as it is: {said}",
        span=Span(file=path),
        hint="`upriver login` writes the file; what is wrong in it is left out until then",
    )


def _readable_by_others(path: str) -> tuple[Problem, ...]:
    if os.name != "posix" or not Path(path).stat().st_mode & _OTHERS:
        return ()
    return (
        Problem(
            code="link-file-readable",
            severity="warning",
            message=f"`{path}` holds tokens, and others than you may read it",
            span=Span(file=path),
            hint=f"`chmod 600 {path}`",
        ),
    )


def with_entry(path: str, entry: Entry) -> None:
    """Add or replace a project's entry and make it the active one; other keys stay.

    Raises OSError, and ValueError where the file is something else than this.
    """
    body = _body(path)
    projects = [item for item in _projects(body) if not _is_of(item, entry)]
    values = {
        "project-name": entry.project_name,
        "project-id": entry.project_id,
        "account-name": entry.account_name,
        "account-id": entry.account_id,
        "account-host": entry.host,
        "token-name": entry.token_name,
        "token-value": entry.token,
    }
    projects.append({key: value for key, value in values.items() if value is not None})
    body.setdefault("version", "1")
    context = body.get("context")
    kept = context if isinstance(context, dict) else {}
    # An environment's number means something on its own server only.
    is_same = kept.get("active-host") == entry.host
    kept = {key: value for key, value in kept.items() if is_same or key != "defer-env-id"}
    body["context"] = kept | {"active-host": entry.host, "active-project": entry.project_id}
    body["projects"] = projects
    _write(path, body)


def without_entry(path: str, entry: Entry) -> None:
    """Take a project's entry away. Raises OSError and ValueError."""
    body = _body(path)
    body["projects"] = [item for item in _projects(body) if not _is_of(item, entry)]
    context = body.get("context")
    if isinstance(context, dict) and str(context.get("active-project")) == entry.project_id:
        body["context"] = {k: v for k, v in context.items() if not k.startswith("active-")}
    _write(path, body)


def _body(path: str) -> dict[str, Any]:
    found = _read(path)
    if isinstance(found, Problem):
        raise ValueError(found.message)  # noqa: TRY004 - the value of the file
    return found or {}


def _projects(body: dict[str, Any]) -> list[Any]:
    projects = body.get("projects")
    return projects if isinstance(projects, list) else []


def _is_of(item: Any, entry: Entry) -> bool:
    if not isinstance(item, dict) or str(item.get("project-id")) != entry.project_id:
        return False
    host = item.get("account-host")
    return host is None or entry.host is None or agree(str(host), entry.host)


def _write(path: str, body: dict[str, Any]) -> None:
    """Write beside and rename; the file is the user's alone from its first byte."""
    # Writing YAML is needed by signing in only.
    import yaml

    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True)
    # The file may be a link into a folder of settings, which is to stay one.
    target = Path(os.path.realpath(path))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
