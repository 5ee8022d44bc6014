"""Names that follow from where a file lies."""

from __future__ import annotations


def stem(path: str) -> str:
    """Return a file's name without directories and its last extension."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name
