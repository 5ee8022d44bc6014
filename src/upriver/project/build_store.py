"""The records of builds, kept per warehouse for as long as the warehouse keeps the relations.

They describe the warehouse and not a checkout, so every checkout of a project on this machine
shares them, and neither `clean` nor another target directory loses them. A record is taken away
before its relation is built again and written when that succeeded, or a moment later: a killed
run leaves records of what it finished and none of what it was at. Where the file cannot be used,
nothing is known of any relation, which costs builds and never gives a wrong result.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from upriver.digest import digest_value
from upriver.graph.graph import Entry, Graph
from upriver.project.memory import Memory
from upriver.project.opened import OpenedProject
from upriver.project.recorder import SEPARATOR, plain_digest
from upriver.state.builds import Built
from upriver.state.fingerprint.words import is_secret
from upriver.workspace.profile import Profile

_FORMAT = 1
_encode = msgspec.msgpack.Encoder().encode
_MEMORY = ":memory:"
NOTES_KEPT = 400 * 86400.0
"""Seconds for which notes of runs stay."""
_MOMENT = 0.25
"""Seconds that a record may wait for others, since each transaction costs as much as ten rows."""


def builds_path(profile: Profile, env: Mapping[str, str], root: str) -> Path | None:
    """Return the file of a warehouse's records; None for one that dies with the process."""
    credentials = profile.credentials
    if credentials.unique_field == _MEMORY:
        return None
    home = env.get("XDG_STATE_HOME")
    if not home and env.get("HOME"):
        home = os.path.join(env["HOME"], ".local", "state")
    folder = Path(home, "upriver") if home else Path(root, ".upriver")
    port = credentials.shown.get("port")
    key = digest_value([_FORMAT, credentials.type, credentials.unique_field, str(port or "")])
    return folder / "builds" / f"{key[:24]}.db"


def open_builds(opened: OpenedProject) -> BuildStore:
    """Return the records of the target's warehouse; the file is opened when asked."""
    profile = opened.workspace.profile
    if profile is None:
        return BuildStore(None)
    return BuildStore(builds_path(profile, opened.caller.env, opened.workspace.root))


def published_builds(opened: OpenedProject, graph: Graph) -> str | None:
    """Return what a manifest says of the builds of the graph's relations; None for nothing."""
    known = _known_answers(opened)
    store = open_builds(opened)
    try:
        if not store.exists and not known:
            return None
        # Only projects that were built, or that ask for something, have anything to encode.
        from upriver.state.published import encode_builds

        names = {
            name.lower(): unique_id
            for unique_id, entry in graph.entries.items()
            if (name := record_name(entry)) is not None
        }
        found = store.records(names)
        mine = [built for name, built in found.items() if names[name] == built.unique_id]
        return encode_builds(mine, known)
    finally:
        store.close()


def record_name(entry: Entry) -> str | None:
    """Return the name a resource's record goes by: functions are rendered nowhere."""
    if entry.relation is None or entry.relation_name is not None:
        return entry.relation_name
    parts = entry.relation
    return ".".join(part or "" for part in (parts.database, parts.schema, parts.identifier))


def _known_answers(opened: OpenedProject) -> dict[str, dict[str, str]]:
    """Return what templates were answered while they were parsed, as digests.

    Nothing where nothing was asked. Secrets, and what only building asks, are not among it.
    """
    snapshot = Memory(opened.store).snapshot()
    found: dict[str, dict[str, str]] = {}
    is_target_asked = False
    for question, digest in () if snapshot is None else snapshot.questions.items():
        kind, *rest = question.split(SEPARATOR)
        if kind == "var":
            found.setdefault(rest[1], {})[f"var:{rest[0]}"] = digest
        elif kind == "env" and not is_secret(rest[0]):
            found.setdefault("", {})[f"env:{rest[0]}"] = digest
        is_target_asked = is_target_asked or kind == "target"
    if is_target_asked:
        target = opened.load().settings.target
        digests = {f"target:{name}": plain_digest(value) for name, value in target.items()}
        found.setdefault("", {}).update(digests)
    return found


class BuildStore:
    """Records by relation. All errors of the file are those of an empty store."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._is_broken = path is None
        self._known: dict[str, Built | None] = {}
        self._waiting: dict[str, bytes] = {}
        """Records that are not in the file yet."""
        self._timer: threading.Timer | None = None
        self._lock = threading.RLock()

    @property
    def exists(self) -> bool:
        """Whether anything was recorded."""
        return self._path is not None and self._path.exists()

    @property
    def is_broken(self) -> bool:
        """Whether records could not be kept."""
        return self._is_broken and self._path is not None

    def record(self, relation_name: str, unique_id: str) -> Built | None:
        """Return the record of a relation, if it is of this resource."""
        key = relation_name.lower()
        if key not in self._known:
            self._known[key] = self._read(key)
        found = self._known[key]
        return found if found is not None and found.unique_id == unique_id else None

    def records(self, relation_names: Iterable[str]) -> dict[str, Built]:
        """Return the records of many relations, by name in lower case."""
        self.save()
        connection = self._open(is_needed=False)
        if connection is None:
            return {}
        wanted = {name.lower() for name in relation_names}
        try:
            rows = connection.execute("select relation, record from builds").fetchall()
        except sqlite3.Error:
            return {}
        decode = msgspec.msgpack.Decoder(Built).decode
        return {name: decode(data) for name, data in rows if name in wanted}

    def all_records(self) -> tuple[Built, ...]:
        """Return every record there is."""
        self.save()
        connection = self._open(is_needed=False)
        if connection is None:
            return ()
        decode = msgspec.msgpack.Decoder(Built).decode
        try:
            rows = connection.execute("select record from builds").fetchall()
            return tuple(decode(data) for (data,) in rows)
        except (sqlite3.Error, msgspec.DecodeError):
            return ()

    def forget(self, relation_name: str) -> None:
        """Take a record away, and be done with it: its relation is about to change."""
        key = relation_name.lower()
        with self._lock:
            self._known[key] = None
            self._waiting.pop(key, None)
            # Asked now, whatever was known: another checkout may have built it meanwhile.
            if self._has_row(key):
                self._write("delete from builds where relation = ?", [(key,)])

    def _has_row(self, key: str) -> bool:
        connection = self._open(is_needed=False)
        if connection is None:
            return False
        try:
            sql = "select 1 from builds where relation = ?"
            return connection.execute(sql, (key,)).fetchone() is not None
        except sqlite3.Error:
            return True

    def put(self, built: Built) -> None:
        """Write a record, a moment later."""
        key = built.relation_name.lower()
        with self._lock:
            self._known[key] = built
            self._waiting[key] = _encode(built)
            if self._timer is None:
                self._timer = threading.Timer(_MOMENT, self.save)
                self._timer.daemon = True
                self._timer.start()

    def save(self) -> None:
        """Write what waits."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            rows, self._waiting = list(self._waiting.items()), {}
            if rows:
                self._write("insert or replace into builds values (?, ?)", rows)

    def add_note(self, moment: float, note: bytes) -> None:
        """Keep a note of a run, and let go of old ones."""
        connection = self._open(is_needed=True)
        if connection is None:
            return
        with self._lock, contextlib.suppress(sqlite3.Error), connection:
            connection.execute("insert or replace into runs values (?, ?)", (moment, note))
            connection.execute("delete from runs where moment < ?", (moment - NOTES_KEPT,))

    def notes(self, since: float = 0.0) -> tuple[bytes, ...]:
        """Return the notes of runs, oldest first."""
        connection = self._open(is_needed=False)
        if connection is None:
            return ()
        sql = "select note from runs where moment >= ? order by moment"
        try:
            return tuple(note for (note,) in connection.execute(sql, (since,)))
        except sqlite3.Error:
            return ()

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.save()
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, key: str) -> Built | None:
        with self._lock:
            connection = self._open(is_needed=False)
            if connection is None:
                return None
            try:
                row = connection.execute(
                    "select record from builds where relation = ?", (key,)
                ).fetchone()
                return None if row is None else msgspec.msgpack.decode(row[0], type=Built)
            except (sqlite3.Error, msgspec.DecodeError):
                return None

    def _write(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        connection = self._open(is_needed=True)
        if connection is None:
            return
        try:
            with connection:
                connection.executemany(sql, rows)
        except sqlite3.Error:
            # A record that could not be taken away would vouch for what is no longer there.
            self._break()

    def _break(self) -> None:
        self._is_broken = True
        self._known = {}
        self._close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _open(self, *, is_needed: bool) -> sqlite3.Connection | None:
        if self._connection is not None or self._is_broken or self._path is None:
            return self._connection
        if not is_needed and not self._path.exists():
            return None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=5, check_same_thread=False)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.execute(
                "create table if not exists builds"
                " (relation text primary key, record blob not null) without rowid"
            )
            connection.execute(
                "create table if not exists runs (moment real primary key, note blob not null)"
            )
        except (OSError, sqlite3.Error):
            self._is_broken = True
            return None
        self._connection = connection
        return connection
