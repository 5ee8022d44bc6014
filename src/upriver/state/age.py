"""How old something is, in words."""

from __future__ import annotations


def spell_age(seconds: float) -> str:
    """Return an age in words, in its largest unit."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "under a minute"
