"""How many threads are at work, so that a step may use those that are idle.

A microbatch model builds its batches side by side, with as many threads as the run was given and
nobody else needs. Steps have precedence: a step always begins, and helpers give way after the
batch they are building.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """The threads of a run, counted."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken = 0
        self._lock = threading.Lock()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Count a worker while it carries out a step."""
        with self._lock:
            self._taken += 1
        try:
            yield
        finally:
            self.give_back()

    def take(self) -> bool:
        """Take a thread for a helper, if one is idle."""
        with self._lock:
            if self._taken >= self._total:
                return False
            self._taken += 1
            return True

    def is_short(self) -> bool:
        """Tell whether more are at work than the run was given, so that a helper should end."""
        with self._lock:
            return self._taken > self._total

    def give_back(self) -> None:
        """Give back what `take` took."""
        with self._lock:
            self._taken -= 1
