"""How messages are shown: levels, colours, and what stands before a line."""

from __future__ import annotations

import functools
import threading
import time

import msgspec

from upriver.problems import Problem

LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40, "none": 100}
_COLOURS = {"green": "32", "red": "31", "yellow": "33", "dim": "2"}


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """Made once from the options."""

    level: str = "info"
    """The least severe level shown."""
    width: int = 80
    """Of result lines, up to the bracket."""
    has_colours: bool = False
    is_detailed: bool = False
    """Lines begin with time, level and thread instead of the time only."""
    shows_prints: bool = True

    def shows(self, level: str) -> bool:
        """Whether a message of this level is shown."""
        return LEVELS.get(level, 20) >= LEVELS[self.level]

    def painted(self, text: str, colour: str | None) -> str:
        """Return the text in a colour, where there are colours."""
        if colour is None or not self.has_colours:
            return text
        return f"\033[{_COLOURS[colour]}m{text}\033[0m"

    def prefix(self, level: str, thread: str | None) -> str:
        """Return what stands before a line: times are local, as people read them."""
        moment = time.time()
        second = int(moment)
        if not self.is_detailed:
            return f"{_clock(second)}  "
        now = f"{_clock(second)}.{int((moment - second) * 1_000_000):06d}"
        name = thread or threading.current_thread().name
        return f"{now} [{level:<5.5}] [{name:<10.10}]: "


@functools.lru_cache(maxsize=4)
def _clock(second: int) -> str:
    """Return a second as local time; a run shows each by the thousand."""
    return time.strftime("%H:%M:%S", time.localtime(second))


def shown_place(problem: Problem) -> str | None:
    """Return `file:line:column` of a problem, as far as it is known."""
    span = problem.span
    return None if span is None else shown_span(span.file, span.line, span.column)


def shown_span(file: str, line: int | None, column: int | None) -> str:
    """Return `file:line:column`, as far as it is known."""
    return ":".join(str(part) for part in (file, line, column) if part is not None)
