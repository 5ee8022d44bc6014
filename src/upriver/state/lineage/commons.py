"""Common table expressions in force at one place of a query."""

from __future__ import annotations

from collections.abc import Callable

from upriver.state.lineage.tables import Table


class Commons:
    """Common table expressions in force, each read when it is first used."""

    def __init__(self, outer: Commons | None = None) -> None:
        self._outer = outer
        self._made: dict[str, Callable[[], Table]] = {}

    def find(self, name: str) -> Table | None:
        """Return what a name stands for here."""
        made = self._made.get(name.lower())
        if made is not None:
            return made()
        return None if self._outer is None else self._outer.find(name)

    def put(self, name: str, make: Callable[[], Table]) -> None:
        """Add an expression under its name."""
        known: list[Table] = []

        def once() -> Table:
            if not known:
                known.append(make())
            return known[0]

        self._made[name.lower()] = once
