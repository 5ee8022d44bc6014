"""The nearest spelling of a name, for hints."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, or None when none is close."""
    # difflib is loaded only when there is a mistake to explain.
    from difflib import get_close_matches

    found = get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    return found[0] if found else None


def misspelt(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` hardly differs from, so that it must be meant."""
    # difflib is loaded only where there is a name that nobody knows.
    from difflib import get_close_matches

    found = get_close_matches(name, list(candidates), n=1, cutoff=0.8)
    return found[0] if found else None


def nearest_hint(name: str, candidates: Iterable[str]) -> str | None:
    """Return `Did you mean ...?` for the nearest candidate."""
    found = nearest(name, candidates)
    return f"Did you mean `{found}`?" if found else None
