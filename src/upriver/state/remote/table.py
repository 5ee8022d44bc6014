"""State in a small table of the warehouse: what is written there, and the statements for it.

One version is what one target published: a zip of its artifacts, as text, in as many rows as it needs.

    project  target  number  revision  part  parts  digest  published_at  git_commit  content

`number` counts the versions of a target; `revision` is this content's own name, so that what is kept
of it elsewhere is current as long as the newest version has that name. A version is written in one
transaction with the deletion of the oldest ones, so readers see whole versions only.
"""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from upriver.digest import digest_bytes

TABLE = "upriver_state"
PART = 128 * 1024
"""Characters in a row: what every warehouse takes in one value and one statement."""
_HEAD = ("target", "number", "revision", "parts", "digest", "published_at", "git_commit")
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time in archives, so that equal artifacts are equal archives."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One published version."""

    target: str
    number: int
    revision: str
    parts: int
    digest: str
    published_at: str
    git_commit: str | None = None


def pack(artifacts: Mapping[str, bytes]) -> bytes:
    """Return artifacts as an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(artifacts):
            member = zipfile.ZipInfo(name, _MOMENT)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, artifacts[name])
    return packed.getvalue()


def create(table: str) -> str:
    """Return the statement that makes the table where there is none."""
    return (
        f"create table if not exists {table} (project text not null, target text not null,"
        " number integer not null, revision text not null, part integer not null,"
        " parts integer not null, digest text not null, published_at text not null,"
        " git_commit text, content text not null)"
    )


def heads(table: str, project: str) -> str:
    """Return the query for the versions of a project."""
    return f"select {', '.join(_HEAD)} from {table} where project = {text(project)} and part = 0"  # noqa: S608


def versions(rows: Iterable[tuple[Any, ...]]) -> list[Version]:
    """Return versions, the newest of each target first."""
    found = [Version(**dict(zip(_HEAD, row, strict=True))) for row in rows]
    found.sort(key=lambda one: (one.number, one.published_at, one.revision), reverse=True)
    return found


def contents(table: str, project: str, version: Version) -> str:
    """Return the query for the parts of a version."""
    return (
        f"select content from {table} where project = {text(project)}"  # noqa: S608
        f" and target = {text(version.target)} and revision = {text(version.revision)}"
        " order by part"
    )


def joined(rows: Iterable[tuple[Any, ...]], version: Version) -> bytes | None:
    """Return the archive of a version's parts; None if they are not all there, or are damaged."""
    parts = [str(row[0]) for row in rows]
    try:
        data = base64.b64decode("".join(parts), validate=True)
    except binascii.Error:
        return None
    is_whole = len(parts) == version.parts and digest_bytes(data) == version.digest
    return data if is_whole else None


def inserts(table: str, project: str, version: Version, data: bytes) -> Iterable[str]:
    """Return the statements that write a version's parts."""
    written = base64.b64encode(data).decode()
    head = (version.target, version.number, version.revision)
    tail = (version.parts, version.digest, version.published_at, version.git_commit)
    for part in range(version.parts):
        content = written[part * PART : (part + 1) * PART]
        values = ", ".join(_literal(one) for one in (project, *head, part, *tail, content))
        yield f"insert into {table} values ({values})"  # noqa: S608


def parts_of(data: bytes) -> int:
    """Return how many rows an archive takes."""
    return max(1, -(-(4 * -(-len(data) // 3)) // PART))


def prune(table: str, project: str, version: Version, keep: int) -> str:
    """Return the statement that deletes all but the newest versions of a target."""
    return (
        f"delete from {table} where project = {text(project)}"  # noqa: S608
        f" and target = {text(version.target)} and number <= {version.number - keep}"
    )


def text(value: str) -> str:
    """Return a literal."""
    return "'" + value.replace("'", "''") + "'"


def _literal(value: str | int | None) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else text(value)
