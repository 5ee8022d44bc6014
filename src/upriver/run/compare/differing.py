"""How two relations differ, as values."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Change = Literal["added", "removed", "type", "case"]


class ColumnChange(msgspec.Struct, frozen=True, kw_only=True):
    """A difference of the two schemas."""

    name: str
    change: Change
    """`case`: the name is spelled otherwise."""
    before: str | None = None
    """Type, or spelling, in the baseline's relation."""
    after: str | None = None


class CellExample(msgspec.Struct, frozen=True, kw_only=True):
    """One value that changed, and the key of its row."""

    key: tuple[Any, ...]
    before: Any
    after: Any


class ColumnCount(msgspec.Struct, frozen=True, kw_only=True):
    """In how many rows, found by their key, a column's value changed."""

    name: str
    changed: int
    examples: tuple[CellExample, ...] = ()


class RowExample(msgspec.Struct, frozen=True, kw_only=True):
    """A row that one side has and the other has not, and how many times."""

    values: tuple[Any, ...]
    count: int = 1


class KeyTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the key on one side, among the rows that were looked at."""

    duplicates: int = 0
    """Keys that several rows have."""
    rows: int = 0
    """Rows of those keys."""
    nulls: int = 0
    """Rows without a whole key."""
    examples: tuple[RowExample, ...] = ()


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing rows found."""

    baseline: int
    here: int
    added: int
    removed: int
    changed: int = 0
    """Rows that both have by their key and that differ otherwise."""

    @property
    def same(self) -> int:
        """Rows that both have."""
        return self.here - self.added - self.changed


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between a relation and its counterpart in the baseline."""

    schema: tuple[ColumnChange, ...]
    rows: Rows
    key: tuple[str, ...] = ()
    """Columns rows were found by; empty where whole rows were compared."""
    columns: tuple[ColumnCount, ...] = ()
    """Of each column that both have except the key's; only where there is a key."""
    compared: tuple[str, ...] = ()
    """Names of the columns whose values were compared, the key's first."""
    added: tuple[RowExample, ...] = ()
    removed: tuple[RowExample, ...] = ()
    added_whole: tuple[RowExample, ...] = ()
    """Rows that were compared as a whole, since they have no key of their own."""
    removed_whole: tuple[RowExample, ...] = ()
    trouble_baseline: KeyTrouble = KeyTrouble()
    trouble_here: KeyTrouble = KeyTrouble()
    buckets: int = 1
    """Parts into which the rows were divided by a hash."""
    differing_buckets: int = 1
    """Parts whose rows were compared one by one; the digests of the others agree."""

    @property
    def is_different(self) -> bool:
        """Whether anything differs."""
        rows = self.rows
        return bool(self.schema or rows.added or rows.removed or rows.changed)
