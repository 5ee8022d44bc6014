"""What a store of objects can do. Keys are generated here and never derived from a name (S-09)."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

PIECE = 1 << 18
"""Bytes read and sent at a time."""


class MissingObjectError(Exception):
    """There is no object of that key."""


class StoreAwayError(OSError):
    """The store does not answer, or not as it should."""


class Store(Protocol):
    """Objects are written once, whole or not at all."""

    def put_file(self, key: str, path: Path) -> None:
        """Keep a file's bytes; the file may be taken away. Raises FileExistsError for a known key."""

    def read(self, key: str) -> Iterator[bytes]:
        """Yield the bytes in pieces; raises MissingObjectError before the first one."""

    def fetch(self, key: str, path: Path) -> None:
        """Write the bytes to a new file."""

    def delete(self, key: str) -> None:
        """Forget an object; one that is not there is no mistake."""

    def old_keys(self, before: datetime.datetime) -> Iterator[str]:
        """Yield the keys of what was written before a moment, unfinished pieces among them."""

    def check(self) -> None:
        """Raise OSError when objects cannot be written."""


def new_key(kind: str) -> str:
    """Return a fresh key; kinds are a fixed few words, such as `artifacts`."""
    name = secrets.token_hex(20)
    return f"{kind}/{name[:2]}/{name[2:]}"
