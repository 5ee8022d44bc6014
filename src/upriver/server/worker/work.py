"""A worker: takes runs from the database and carries them out, some at a time, until stopped."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from upriver.server.jobs import queue
from upriver.server.jobs.queue import Lease
from upriver.server.moments import now
from upriver.server.worker.carry import Means, carry_out
from upriver.server.worker.clockwork import Clockwork

POLL_SECONDS: Final = 1.0
_AWAY_SECONDS: Final = 5.0
_ENDING_SECONDS: Final = 30.0
"""How long an invocation may take to cancel its queries, and its run to be ended."""
_log = logging.getLogger("upriver.worker")


class Worker:
    """Runs at most `at_once` runs, and at most `slots` of an account over all workers."""

    def __init__(
        self,
        means: Means,
        clockwork: Clockwork,
        *,
        at_once: int = 2,
        slots: int = 5,
        poll: float = POLL_SECONDS,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._means = means
        self._clockwork = clockwork
        self._at_once = at_once
        self._slots = slots
        self._poll = poll
        self._stopping = threading.Event()
        self._busy: set[threading.Thread] = set()
        self._threads = (
            threading.Thread(target=self._take_runs, name="runs", daemon=True),
            threading.Thread(target=self._look_at_clock, name="clockwork", daemon=True),
        )

    def start(self) -> None:
        """Begin; returns at once."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float) -> None:
        """Take nothing more; what is carried out has `patience` seconds, and is then ended."""
        self._stopping.set()
        until = time.monotonic() + patience
        for thread in (*self._threads, *tuple(self._busy)):
            thread.join(max(0.0, until - time.monotonic()))
        self._means.stopping.set()
        for thread in tuple(self._busy):
            thread.join(_ENDING_SECONDS)

    def _take_runs(self) -> None:
        while not self._stopping.is_set():
            self._busy = {thread for thread in self._busy if thread.is_alive()}
            lease = self._take() if len(self._busy) < self._at_once else None
            if lease is None:
                self._stopping.wait(self._poll)
                continue
            thread = threading.Thread(
                target=self._carry_out, args=(lease,), name=f"run-{lease.run_id}", daemon=True
            )
            self._busy.add(thread)
            thread.start()

    def _take(self) -> Lease | None:
        try:
            with self._means.installation.database.writing() as connection:
                return queue.take(connection, self.name, self._slots, now())
        except SQLAlchemyError:
            _log.warning("The database cannot be reached; trying again")
            self._stopping.wait(_AWAY_SECONDS)
            return None

    def _carry_out(self, lease: Lease) -> None:
        try:
            carry_out(self._means, lease)
        except Exception:  # noqa: BLE001 - logged, and the loop goes on
            # Whatever it was, the run must not stay: nobody beats for it now, so that it is
            # given up like one whose worker was lost.
            _log.exception("Run %d was not carried out to its end", lease.run_id)

    def _look_at_clock(self) -> None:
        while not self._stopping.wait(self._poll):
            try:
                self._clockwork.look()
            except SQLAlchemyError:
                self._stopping.wait(_AWAY_SECONDS)
            except Exception:  # noqa: BLE001 - logged, and the loop goes on
                _log.exception("Something due was not done")
