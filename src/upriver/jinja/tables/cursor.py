"""A statement's cursor as templates see it (JINJA-104).

The rows were fetched when the statement ran, so that the connection is free for the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upriver.resources.answers import Answer


class CursorView:
    """What templates use of a driver's cursor."""

    __slots__ = ("_next", "_rows", "description", "rowcount")

    def __init__(self, answer: Answer) -> None:
        self._rows = answer.rows
        self._next = 0
        affected = answer.response.rows_affected
        self.rowcount = -1 if affected is None else affected
        self.description = tuple(
            (name, type_, None, None, None, None, None)
            for name, type_ in zip(answer.column_names, answer.column_types, strict=True)
        )

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row; None at the end."""
        found = self.fetchmany(1)
        return found[0] if found else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """Return the next rows."""
        start, self._next = self._next, min(self._next + size, len(self._rows))
        return [*self._rows[start : self._next]]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that are left."""
        return self.fetchmany(len(self._rows))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchall())
