"""What asking another place for state can give."""

from __future__ import annotations

import msgspec


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes, and what the other side calls them."""

    data: bytes
    revision: str | None = None


class Unchanged(msgspec.Struct, frozen=True):
    """The revision that was asked about is still current."""


class Absent(msgspec.Struct, frozen=True):
    """The other side answers, and there is nothing."""


class Unreachable(msgspec.Struct, frozen=True):
    """The other side does not answer, or does not let us in."""

    reason: str
    is_refusal: bool = False
    """It answered: asking again will not help."""


Answer = Content | Unchanged | Absent | Unreachable
