"""The one embedded store: remembered answers as bytes, under the target directory.

Only `project` knows it. Deleting the file changes nothing but time. Buckets carry a version and a
stamp of the code that wrote them, so that another version of upriver never reads what this one
wrote. A store that cannot be opened (read-only directory, locked by another process) behaves like
an empty one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from upriver import __version__
from upriver.digest import digest_value

_FORMAT = 1
_FILE = ".upriver/memory.db"
_ROOMS = ("", "resources", "jinja", "workspace", "parse", "graph", "state", "project", "adapters")


def code_stamp() -> str:
    """Return a key that changes with the code whose answers are remembered.

    Size and modification time of each module, so that an edited checkout never serves what its
    older self remembered.
    """
    root = Path(__file__).parent.parent
    stamps: list[tuple[str, int, int]] = []
    for room in _ROOMS:
        with os.scandir(root / room) as listing:
            for item in listing:
                if item.name.endswith(".py"):
                    stat = item.stat()
                    stamps.append((f"{room}/{item.name}", stat.st_size, stat.st_mtime_ns))
    stamps.sort()
    return digest_value((__version__, _FORMAT, stamps))[:16]


class Store:
    """Bytes by bucket and key."""

    def __init__(self, directory: str | None) -> None:
        """`directory` None keeps nothing."""
        self._connection = None if directory is None else _open(directory)
        self.stamp = code_stamp() if self._connection is not None else ""

    @property
    def is_open(self) -> bool:
        """Whether anything can be remembered."""
        return self._connection is not None

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return the bytes, or None."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute(
                "select value from memory where bucket = ? and key = ?", (self._name(bucket), key)
            ).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None else bytes(row[0])

    def items(self, bucket: str) -> Iterator[tuple[str, bytes]]:
        """Return every key and value of a bucket."""
        if self._connection is None:
            return
        try:
            yield from self._connection.execute(
                "select key, value from memory where bucket = ?", (self._name(bucket),)
            )
        except sqlite3.Error:
            return

    def put(self, changes: Iterable[tuple[str, str, bytes | None]]) -> None:
        """Write (bucket, key, value) rows in one transaction; None removes.

        A store that is locked or full is left as it was: memory is an economy, never a need.
        """
        if self._connection is None:
            return
        writes: list[tuple[str, str, bytes]] = []
        removals: list[tuple[str, str]] = []
        for bucket, key, value in changes:
            if value is None:
                removals.append((self._name(bucket), key))
            else:
                writes.append((self._name(bucket), key, value))
        try:
            with self._connection:
                self._connection.executemany(
                    "insert or replace into memory values (?, ?, ?)", writes
                )
                self._connection.executemany(
                    "delete from memory where bucket = ? and key = ?", removals
                )
        except sqlite3.Error:
            return

    def replace(self, bucket: str, rows: Iterable[tuple[str, bytes]]) -> None:
        """Make these the only rows of the bucket, and drop what older code remembered in it."""
        if self._connection is None:
            return
        name = self._name(bucket)
        try:
            with self._connection:
                self._connection.execute(
                    "delete from memory where bucket >= ? and bucket < ?",
                    (f"{bucket}@", f"{bucket}@~"),
                )
                self._connection.executemany(
                    "insert into memory values (?, ?, ?)", ((name, *row) for row in rows)
                )
        except sqlite3.Error:
            return

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _name(self, bucket: str) -> str:
        return f"{bucket}@{self.stamp}"


def _open(directory: str) -> sqlite3.Connection | None:
    path = Path(directory) / _FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=0.5, check_same_thread=False)
    except (OSError, sqlite3.Error):
        return None
    try:
        _prepare(connection)
    except sqlite3.Error:
        connection.close()
        return _rebuild(path)
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    # Losing the newest memory in a power cut is harmless; waiting for the disk is not.
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = off")
    connection.execute(
        "create table if not exists memory"
        " (bucket text not null, key text not null, value blob not null,"
        " primary key (bucket, key)) without rowid"
    )


def _rebuild(path: Path) -> sqlite3.Connection | None:
    """Throw a damaged store away; another process that holds it keeps its own file."""
    try:
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path, timeout=0.5, check_same_thread=False)
        _prepare(connection)
    except (OSError, sqlite3.Error):
        return None
    return connection
