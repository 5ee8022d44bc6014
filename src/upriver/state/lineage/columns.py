"""Where the columns of a resource come from, as values.

An origin is a column of an input: `(unique_id, name)`, the name in lower case. Two names stand for
more: `ALL` for every column of an input, those nobody knows included, and `ROWS` for which rows it
has, and how many times each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

ALL = "*"
ROWS = ""
UNNAMED = "?"
"""How the name of a column begins that the warehouse names."""

Origin = tuple[str, str]
Kind = Literal["passthrough", "rename", "transform", "constant"]


class OutputColumn(msgspec.Struct, frozen=True, array_like=True):
    """One column of a resource. Its name is `ALL` for columns that are there and have no names."""

    name: str
    kind: Kind
    origins: tuple[Origin, ...]
    digest: str
    """The expression down to the inputs' columns: equal ones give equal values in equal rows."""


class Passed(msgspec.Struct, frozen=True, array_like=True):
    """All columns of an input under their own names, where it is not known which it has."""

    unique_id: str
    excluded: tuple[str, ...] = ()


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where the columns of one resource come from."""

    columns: tuple[OutputColumn, ...] = ()
    """In order."""
    passed: tuple[Passed, ...] = ()
    starred: tuple[str, ...] = ()
    """Inputs whose columns decide which columns there are."""
    used: tuple[Origin, ...] = ()
    """What decides which rows there are: filters, joins, groups, and so on."""
    rows: str = ""
    """Digest of what decides which rows there are."""
    doubt: str | None = None
    """Why this cannot be relied on; then everything depends on everything."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that have one."""
        return tuple(column.name for column in self.columns if is_named(column.name))

    @property
    def is_complete(self) -> bool:
        """Whether all columns are known by name."""
        names = {name.lower() for name in self.names}
        return self.doubt is None and not self.passed and len(names) == len(self.columns)


def is_named(name: str) -> bool:
    """Whether a column is known by this name."""
    return name != ALL and not name.startswith(UNNAMED)


def everything(inputs: Iterable[str], doubt: str) -> Lineage:
    """Return the lineage of what cannot be read: every change of an input changes all of it."""
    return Lineage(used=tuple((one, ALL) for one in inputs), doubt=doubt)
