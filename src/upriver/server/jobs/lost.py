"""Finding runs whose worker is gone.

Nobody's wall clock is believed: a run is lost when its heartbeat has not changed while this
observer's own steady clock counted the patience. A clock that jumps, here or on the worker's
machine, ends no run (platform.md R-02, R-07).
"""

from __future__ import annotations

import datetime
from typing import Final

from sqlalchemy import Connection, select

from upriver.server.db.tables import runs
from upriver.server.jobs.queue import TAKEN, give_up

PATIENCE_SECONDS: Final = 60.0


class Observer:
    """Remembers since when each run has been silent."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._silent: dict[int, tuple[datetime.datetime, float]] = {}

    def look(
        self, connection: Connection, now: datetime.datetime, steady: float
    ) -> tuple[int, ...]:
        """End the runs that are lost and return their ids; `steady` is a monotonic clock's time."""
        taken = connection.execute(
            select(runs.c.id, runs.c.heartbeat_at).where(
                runs.c.status.in_(TAKEN), runs.c.lease.is_not(None)
            )
        ).all()
        before, self._silent = self._silent, {}
        lost = []
        for run in taken:
            seen, since = before.get(run.id, (None, steady))
            if seen != run.heartbeat_at:
                since = steady
            elif steady - since > self._patience and give_up(
                connection, run.id, run.heartbeat_at, now
            ):
                lost.append(run.id)
                continue
            self._silent[run.id] = (run.heartbeat_at, since)
        return tuple(lost)
