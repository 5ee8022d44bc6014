"""Moments and durations as the interfaces write them."""

from __future__ import annotations

import datetime
from typing import Any, Final

from upriver.server.moments import now

_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def clock(span: datetime.timedelta | None) -> str:
    """Write a duration as `HH:MM:SS`; hours go on counting beyond a day."""
    seconds = 0 if span is None else max(0, int(span.total_seconds()))
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def humanized(span: datetime.timedelta | None) -> str:
    """Write a duration in words, the two largest units of it."""
    left = 0 if span is None else max(0, int(span.total_seconds()))
    words = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(words[:2]) or "0 seconds"


def ago(moment: datetime.datetime | None) -> str | None:
    """Write how long ago something was."""
    return None if moment is None else f"{humanized(now() - moment)} ago"


def between(start: datetime.datetime | None, end: datetime.datetime | None) -> Any:
    """Return the time between two moments; up to now when the second is still to come."""
    return None if start is None else (end or now()) - start
