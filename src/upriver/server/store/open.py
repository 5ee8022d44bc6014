"""Opening the store that the settings name."""

from __future__ import annotations

from pathlib import Path

from upriver.server.store.contract import Store
from upriver.server.store.local import LocalStore


def open_store(location: str) -> Store:
    """Return the store at `s3://bucket/prefix` or in a directory.

    Raises ImportError where the library for the former is not installed.
    """
    if location.startswith("s3://"):
        # An optional extra, loaded only where objects are not files.
        from upriver.server.store.objects import ObjectStore

        return ObjectStore(location)
    return LocalStore(Path(location))
