"""Asking a run to stop, from a signal handler or another thread."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


class StopRequested:
    """The message a stop request leaves in a run's mailbox."""


class Stop:
    """A request that can be made at any moment, and twice: the second time nothing is waited for.

    `request` only sets a flag and puts a message into a `SimpleQueue`, both of which are safe in
    a signal handler.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self.last_words: Callable[[], None] | None = None
        """What is still to be done, in no time, before a process that does not wait ends."""
        self._mailbox: SimpleQueue[Any] | None = None

    def request(self) -> None:
        """Ask the run to stop."""
        self.is_requested = True
        if self._mailbox is not None:
            self._mailbox.put(StopRequested())

    def deliver_to(self, mailbox: SimpleQueue[Any]) -> None:
        """Leave the request in this mailbox, at once if it was made before."""
        self._mailbox = mailbox
        if self.is_requested:
            mailbox.put(StopRequested())
