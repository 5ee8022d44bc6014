"""What a text comes to for a fingerprint, and the words its questions are spelled in.

Apart from `text.py` and `questions.py`, which read texts and are loaded only for one that was not
read before.
"""

from __future__ import annotations

import msgspec

FORMAT = 1
"""Raised whenever a text may get another digest."""

WHOLE_TARGET = "target"
ALL_VARIABLES = "vars"
META = "meta"

_SECRET = ("SECRET", "TOKEN", "PASSW", "CREDENTIAL", "PRIVATE", "API_KEY", "APIKEY")


class Text(msgspec.Struct, frozen=True, array_like=True):
    """What a fingerprint keeps of one text."""

    digest: str
    names: tuple[str, ...] = ()
    """Names its tags mention that may be macros: `name` or `package.name`."""
    asks: tuple[str, ...] = ()
    """Questions whose answers are part of the meaning, see `questions.py`."""
    volatile: tuple[str, ...] = ()
    """Names in it whose answers change from run to run."""


def is_secret(name: str) -> bool:
    """Whether an environment variable's value must not even be kept as a digest."""
    upper = name.upper()
    return any(word in upper for word in _SECRET)
