"""Points in time: now, and how they are written (RFC 3339, in UTC)."""

from __future__ import annotations

import datetime


def now() -> datetime.datetime:
    """Return the present, with its zone."""
    return datetime.datetime.now(datetime.UTC)


def spell_moment(moment: datetime.datetime | None) -> str | None:
    """Write a moment with an explicit offset; None stays None."""
    return None if moment is None else moment.astimezone(datetime.UTC).isoformat()


def read_moment(text: str | None) -> datetime.datetime | None:
    """Read a moment in any ISO form; without a zone it is UTC. None when it is none."""
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment
