"""Work that may hang, done within a time: names that do not resolve, answers that drip.

A socket's own timeouts begin anew with each byte and do not cover the look-up of a name. So the
work is done in a thread of its own, which is left behind when the time is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_STEP = 0.1


class OutOfTime(Exception):  # noqa: N818 - a reason to stop, not a mistake
    """The time is over; also raised within the work, where that asks."""


class Limit:
    """A moment at which work is over."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._until - time.monotonic()

    def check(self) -> None:
        """Raise OutOfTime when the time is over."""
        if self.left <= 0:
            raise OutOfTime


class Pending(Generic[T]):
    """Work that goes on in a thread of its own."""

    def __init__(self, work: Callable[[Callable[[], None]], T], seconds: float) -> None:
        """`work` is given what it calls now and then, to learn that nobody waits any more."""
        self._limit = Limit(seconds)
        self._results: list[T] = []
        self._errors: list[BaseException] = []
        self._work = work
        self._is_done = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._results.append(self._work(self._limit.check))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._errors.append(error)
        finally:
            self._is_done.set()

    def wait(self, check_stop: Callable[[], None]) -> T:
        """Return what the work gives; raises OutOfTime, and what the work or `check_stop` do."""
        while not self._is_done.wait(max(0.0, min(_STEP, self._limit.left))):
            check_stop()
            self._limit.check()
        if self._errors:
            raise self._errors[0]
        return self._results[0]
