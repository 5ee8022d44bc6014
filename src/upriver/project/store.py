"""The one embedded store: remembered answers as bytes, under the target directory.

Only `project` knows it. Deleting the file changes nothing but time. Buckets carry a version and a
stamp of the code that wrote them, so that another version of upriver never reads what this one
wrote. A store that cannot be opened (read-only directory, locked by another process) behaves like
an empty one.
"""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from upriver import __version__
from upriver.digest import digest_value
from upriver.state.publish import WRITE_BUFFER

_FORMAT = 1
_FOLDER = ".upriver"
_FILE = "memory.db"
_INDEX = "pack-index"
_encoder = msgspec.msgpack.Encoder()
_ROOMS = ("resources", "jinja", "workspace", "parse", "graph", "state", "project", "adapters")


def code_stamp() -> str:
    """Return a key that changes with the code whose answers are remembered.

    Size and modification time of each module, so that an edited checkout never serves what its
    older self remembered.
    """
    root = Path(__file__).parent.parent
    stamps: list[tuple[str, int, int]] = []
    waiting = [str(root / room) for room in _ROOMS]
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as listing:
            for item in listing:
                if item.name.endswith(".py"):
                    stat = item.stat()
                    stamps.append((item.path, stat.st_size, stat.st_mtime_ns))
                elif item.is_dir() and item.name != "__pycache__":
                    waiting.append(item.path)
    stamps.sort()
    return digest_value((__version__, _FORMAT, stamps))[:16]


class _PackPlace(msgspec.Struct, frozen=True, array_like=True):
    """The row that points to a pack: its file, and where in it the index begins."""

    file: str
    index: int


class _PackIndex(msgspec.Struct, frozen=True, array_like=True):
    """Where each value of a pack stands in its file; it is the file's end."""

    keys: tuple[str, ...]
    ends: tuple[int, ...]


class Pack:
    """Many values in one file, read in place: a row each would cost more than making them."""

    def __init__(self, data: bytes | mmap.mmap, index: _PackIndex) -> None:
        self._data = data
        self._place: dict[str, tuple[int, int]] = {}
        start = 0
        for key, end in zip(index.keys, index.ends, strict=True):
            self._place[key] = (start, end)
            start = end

    def get(self, key: str) -> bytes | None:
        """Return one value."""
        place = self._place.get(key)
        return None if place is None else bytes(self._data[place[0] : place[1]])

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Return all values."""
        for key, (start, end) in self._place.items():
            yield key, bytes(self._data[start:end])


class Store:
    """Bytes by bucket and key. What was written as a whole lies in a pack; later rows lie over it.

    Graphs outlive the request that loaded them, so a closed store is opened again when asked.
    """

    def __init__(self, directory: str | None) -> None:
        """`directory` None keeps nothing."""
        self._directory = None if directory is None else Path(directory) / _FOLDER
        self._connection = None if self._directory is None else _open(self._directory)
        self.stamp = code_stamp() if self._connection is not None else ""
        self._packs: dict[str, Pack | None] = {}

    @property
    def is_open(self) -> bool:
        """Whether anything can be remembered."""
        return self._connection is not None

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return the bytes, or None."""
        row = self._row(bucket, key)
        if row is not None:
            return row
        pack = self._pack(bucket)
        return None if pack is None else pack.get(key)

    def items(self, bucket: str) -> Iterator[tuple[str, bytes]]:
        """Return every key and value of a bucket; a later row instead of the pack's value."""
        rows = dict(self._rows(bucket))
        pack = self._pack(bucket)
        for key, value in pack.items() if pack is not None else ():
            if key not in rows:
                yield key, value
        for key, value in rows.items():
            if value:
                yield key, value

    def put(self, changes: Iterable[tuple[str, str, bytes | None]]) -> None:
        """Write (bucket, key, value) rows in one transaction; None removes.

        A store that is locked or full is left as it was: memory is an economy, never a need.
        """
        if self._connection is None:
            return
        # An empty row hides the value a pack may have.
        rows = [(self._name(bucket), key, value or b"") for bucket, key, value in changes]
        try:
            with self._connection:
                self._connection.executemany(
                    "insert or replace into remembered values (?, ?, ?)", rows
                )
        except sqlite3.Error:
            return

    def replace(self, bucket: str, values: Iterable[tuple[str, Any]]) -> None:
        """Make these values, encoded here, the bucket's only ones, and drop what older code
        remembered in it.
        """
        if self._connection is None or self._directory is None:
            return
        file = f"{bucket}-{os.urandom(6).hex()}.pack"
        name = self._name(bucket)
        try:
            index = _write_pack(self._directory / file, values)
            with self._connection:
                self._connection.execute(
                    "delete from remembered where bucket >= ? and bucket < ?",
                    (f"{bucket}@", f"{bucket}@~"),
                )
                self._connection.execute(
                    "insert or replace into remembered values (?, ?, ?)",
                    (_INDEX, name, _encoder.encode(_PackPlace(file, index))),
                )
        except (OSError, sqlite3.Error):
            return
        self._packs.pop(bucket, None)
        self._sweep(bucket, file)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _row(self, bucket: str, key: str) -> bytes | None:
        connection = self._live()
        if connection is None:
            return None
        try:
            row = connection.execute(
                "select value from remembered where bucket = ? and key = ?",
                (self._name(bucket), key),
            ).fetchone()
        except sqlite3.Error:
            return None
        return bytes(row[0]) if row is not None and row[0] else None

    def _rows(self, bucket: str) -> Iterator[tuple[str, bytes]]:
        connection = self._live()
        if connection is None:
            return
        try:
            yield from connection.execute(
                "select key, value from remembered where bucket = ?", (self._name(bucket),)
            )
        except sqlite3.Error:
            return

    def _pack(self, bucket: str) -> Pack | None:
        if bucket not in self._packs:
            self._packs[bucket] = self._read_pack(bucket)
        return self._packs[bucket]

    def _read_pack(self, bucket: str) -> Pack | None:
        connection = self._live()
        if connection is None or self._directory is None:
            return None
        try:
            row = connection.execute(
                "select value from remembered where bucket = ? and key = ?",
                (_INDEX, self._name(bucket)),
            ).fetchone()
            if row is None:
                return None
            place = msgspec.msgpack.decode(row[0], type=_PackPlace)
            data = _mapped(self._directory / place.file)
            index = msgspec.msgpack.decode(data[place.index :], type=_PackIndex)
            return Pack(data, index)
        except (sqlite3.Error, msgspec.DecodeError, OSError, ValueError):
            return None

    def _live(self) -> sqlite3.Connection | None:
        if self._connection is None and self._directory is not None and self.stamp:
            self._connection = _open(self._directory)
        return self._connection

    def _sweep(self, bucket: str, kept: str) -> None:
        """Remove older packs; one that another process still reads keeps its contents there."""
        if self._directory is None:
            return
        for path in self._directory.glob(f"{bucket}-*.pack"):
            if path.name != kept:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _name(self, bucket: str) -> str:
        return f"{bucket}@{self.stamp}"


def _write_pack(path: Path, values: Iterable[tuple[str, Any]]) -> int:
    """Write values and the index of them; returns where the index begins."""
    keys: list[str] = []
    ends: list[int] = []
    written = length = 0
    # Encoded into one buffer, which the encoder grows and cuts: bytes of their own for each value
    # take half as long again.
    encode_into, buffer = _encoder.encode_into, bytearray(WRITE_BUFFER)
    with path.open("wb", buffering=0) as file:
        for key, value in values:
            encode_into(value, buffer, length)
            length = len(buffer)
            keys.append(key)
            ends.append(written + length)
            if length > WRITE_BUFFER:
                _write_whole(file, buffer)
                written, length = written + length, 0
        encode_into(_PackIndex(tuple(keys), tuple(ends)), buffer, length)
        _write_whole(file, buffer)
    return written + length


def _write_whole(file: io.FileIO, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _mapped(path: Path) -> bytes | mmap.mmap:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _open(directory: Path) -> sqlite3.Connection | None:
    path = directory / _FILE
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
    # Rows of megabytes lie beside small ones. With a row id they are apart from the index; without
    # one they are its keys, and each look-up that meets one reads it whole.
    connection.execute(
        "create table if not exists remembered"
        " (bucket text not null, key text not null, value blob not null,"
        " primary key (bucket, key))"
    )
    # What earlier versions kept in the other form.
    connection.execute("drop table if exists memory")


def _rebuild(path: Path) -> sqlite3.Connection | None:
    """Throw a damaged store away; another process that holds it keeps its own file."""
    try:
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path, timeout=0.5, check_same_thread=False)
        _prepare(connection)
    except (OSError, sqlite3.Error):
        return None
    return connection
