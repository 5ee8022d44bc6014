"""Matching the columns of two relations: what was added, removed or retyped, what is compared."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upriver.resources.answers import ColumnType
from upriver.run.compare.differing import ColumnChange


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A column that both sides have."""

    before: ColumnType
    after: ColumnType

    @property
    def name(self) -> str:
        """The name it has here."""
        return self.after.name


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of two relations."""

    pairs: tuple[Pair, ...]
    changes: tuple[ColumnChange, ...]


def match_columns(before: Sequence[ColumnType], after: Sequence[ColumnType]) -> Matched:
    """Match columns by name: as it is spelled, else without case where that is unambiguous."""
    exact = {column.name: column for column in before}
    folded = _folded(before)
    own_folded = _folded(after)
    pairs: list[Pair] = []
    changes: list[ColumnChange] = []
    used: set[str] = set()
    for column in after:
        lower = column.name.lower()
        other = exact.get(column.name)
        if other is None and len(own_folded[lower]) == 1 and len(folded.get(lower, ())) == 1:
            other = folded[lower][0]
        if other is None:
            changes.append(ColumnChange(name=column.name, change="added", after=column.data_type))
            continue
        used.add(other.name)
        pairs.append(Pair(before=other, after=column))
        changes += _differences(other, column)
    gone = [column for column in before if column.name not in used]
    changes += [
        ColumnChange(name=column.name, change="removed", before=column.data_type)
        for column in gone
    ]
    return Matched(pairs=tuple(pairs), changes=tuple(changes))


def _folded(columns: Sequence[ColumnType]) -> dict[str, list[ColumnType]]:
    found: dict[str, list[ColumnType]] = {}
    for column in columns:
        found.setdefault(column.name.lower(), []).append(column)
    return found


def _differences(before: ColumnType, after: ColumnType) -> list[ColumnChange]:
    found: list[ColumnChange] = []
    if before.name != after.name:
        found.append(
            ColumnChange(name=after.name, change="case", before=before.name, after=after.name)
        )
    if before.data_type != after.data_type:
        found.append(
            ColumnChange(
                name=after.name, change="type", before=before.data_type, after=after.data_type
            )
        )
    return found


def with_key_first(pairs: Sequence[Pair], key: Sequence[str]) -> tuple[tuple[Pair, ...], int]:
    """Return the pairs with the key's first, and how many those are: none unless all are there."""
    by_name = {pair.name: pair for pair in pairs}
    folded: dict[str, list[Pair]] = {}
    for pair in pairs:
        folded.setdefault(pair.name.lower(), []).append(pair)
    found: list[Pair] = []
    for name in dict.fromkeys(key):
        alike = folded.get(name.lower(), [])
        chosen = by_name.get(name) or (alike[0] if len(alike) == 1 else None)
        if chosen is None:
            return tuple(pairs), 0
        if chosen not in found:
            found.append(chosen)
    return (*found, *(pair for pair in pairs if pair not in found)), len(found)
