"""Warnings that `--warn-error` and its options turn into errors (CLI-40)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_error(flags: Mapping[str, Any], event: str) -> bool:
    """Whether a warning of this event class is an error; a name outweighs `all`."""
    options = flags.get("WARN_ERROR_OPTIONS")
    listed: Mapping[str, Any] = options if isinstance(options, Mapping) else {}
    for quiet in ("silence", "warn"):
        if event in _names(listed.get(quiet)):
            return False
    errors = _names(listed.get("error"))
    return bool(flags.get("WARN_ERROR")) or bool(errors & {"all", "*", event})


def _names(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else set(value or ())
