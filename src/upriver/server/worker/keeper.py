"""Keeping a run while its invocations work: heartbeats, and lines on their way to the database.

It has a thread of its own, so that neither a slow database nor its restart holds up an invocation.
Lines wait here until they are written; a step that prints more than anyone reads loses its middle,
and says so (R-08).
"""

from __future__ import annotations

import datetime
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from upriver.server.db.job_tables import step_lines
from upriver.server.db.session import Database
from upriver.server.jobs.queue import Lease, beat

TICK_SECONDS: Final = 1.0
LONGEST_LOG: Final = 10_000_000
"""Characters of a step's log."""
_CUT: Final = "... the log is longer than is kept; what follows was left out ..."


class Keeper:
    """Says that a run's holder is there, and writes what its steps print."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        now: Callable[[], datetime.datetime],
        tick: float = TICK_SECONDS,
    ) -> None:
        self._database = database
        self._lease = lease
        self._now = now
        self._tick = tick
        self._waiting: deque[tuple[int, str]] = deque()
        self._parts: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._state = "go"
        self._batch: tuple[Mapping[str, Any], ...] = ()
        self._guard = threading.Lock()
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Self:
        """Begin to keep."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop keeping; what waits is left to `flush`."""
        self._is_ending.set()
        self._thread.join()

    @property
    def state(self) -> str:
        """What was last heard: `go`, `cancel`, or `lost` when the run is somebody else's."""
        return self._state

    def print(self, step_id: int, line: str) -> None:
        """Take a line of a step."""
        before = self._sizes.get(step_id, 0)
        if before > LONGEST_LOG:
            return
        size = before + len(line) + 1
        self._sizes[step_id] = size
        # PostgreSQL has no text with this character.
        kept = line.replace("\0", "\ufffd") if size <= LONGEST_LOG else _CUT
        self._waiting.append((step_id, kept))

    def flush(self) -> None:
        """Write what waits; raises SQLAlchemyError, and then the same is written next time."""
        with self._guard:
            self._batch = self._batch or self._gathered()
            if not self._batch:
                return
            with self._database.writing() as connection:
                for row in self._batch:
                    _add_once(connection, row)
            self._batch = ()

    def _gathered(self) -> tuple[Mapping[str, Any], ...]:
        """Take the lines that wait, and number them; a row is written under its number once."""
        by_step: dict[int, list[str]] = {}
        for _ in range(len(self._waiting)):
            step_id, line = self._waiting.popleft()
            by_step.setdefault(step_id, []).append(line)
        rows = []
        for step_id, lines in by_step.items():
            part = self._parts.get(step_id, 0)
            self._parts[step_id] = part + 1
            rows.append({"step_id": step_id, "part": part, "text": "\n".join(lines)})
        return tuple(rows)

    def _keep(self) -> None:
        while not self._is_ending.wait(self._tick):
            try:
                with self._database.writing() as connection:
                    heard = beat(connection, self._lease, self._now())
                if self._state != "lost":
                    self._state = heard
                self.flush()
            except SQLAlchemyError:
                # The database is away, perhaps restarting. The run goes on, and is asked for at
                # the next tick; if it was given up meanwhile, that answer says so.
                continue


def _add_once(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a row unless it is there: a commit whose answer was lost is tried again."""
    key = (step_lines.c.step_id == row["step_id"], step_lines.c.part == row["part"])
    if connection.scalar(select(step_lines.c.part).where(*key)) is None:
        connection.execute(step_lines.insert(), dict(row))
