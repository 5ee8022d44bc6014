"""What a change of some columns reaches: only what reads one of them, directly or not.

Every answer is safe: it may name too much, never too little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from upriver.state.lineage.columns import ALL, ROWS, Lineage, Origin, is_named


class Change(msgspec.Struct, frozen=True):
    """What of a resource is not what it was."""

    columns: frozenset[str] = frozenset()
    """Names in lower case."""
    is_whole: bool = False
    """Every column, and which rows there are."""

    def __bool__(self) -> bool:
        return self.is_whole or bool(self.columns)

    def __or__(self, other: Change) -> Change:
        if self.is_whole or other.is_whole:
            return WHOLE
        return Change(self.columns | other.columns)


WHOLE = Change(is_whole=True)
NOTHING = Change()


def changed_columns(before: Lineage, after: Lineage) -> Change:
    """Return which columns of a resource two texts of it give differently."""
    is_sure = before.doubt is None and after.doubt is None
    if not is_sure or before.rows != after.rows or before.passed != after.passed:
        return WHOLE
    old, new = (_digests(lineage) for lineage in (before, after))
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    if before.passed:
        changed |= _numbered(old.keys() ^ new.keys())
    return _change(changed)


def _numbered(names: Iterable[str]) -> set[str]:
    """Return how a warehouse may call further columns of these names: a star may give them too."""
    return {f"{name}_{number}" for name in names for number in range(1, 10)}


def _digests(lineage: Lineage) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for column in lineage.columns:
        name = column.name.lower()
        found[name] = (*found.get(name, ()), column.digest)
    return found


def affected(
    changes: Mapping[str, Change],
    order: Iterable[str],
    lineage_of: Callable[[str], Lineage],
    parents: Mapping[str, tuple[str, ...]],
) -> dict[str, Change]:
    """Return everything that changes where `changes` are made.

    `order` has the resources that could be reached, each behind those it reads.
    """
    found = {unique_id: change for unique_id, change in changes.items() if change}
    for unique_id in order:
        if not any(parent in found for parent in parents.get(unique_id, ())):
            continue
        lineage = lineage_of(unique_id)
        change = found.get(unique_id, NOTHING) | _reached(lineage, found, lineage_of)
        if change:
            found[unique_id] = change
            # A resource may read itself.
            found[unique_id] = change | _reached(lineage, found, lineage_of)
    return found


def _reached(
    lineage: Lineage, found: Mapping[str, Change], lineage_of: Callable[[str], Lineage]
) -> Change:
    if any(_is_hit(origin, found) for origin in lineage.used):
        return WHOLE
    names: set[str] = set()
    for column in lineage.columns:
        if any(_is_hit(origin, found) for origin in column.origins):
            names.add(column.name.lower())
    for passed in lineage.passed:
        change = found.get(passed.unique_id, NOTHING)
        if change.is_whole:
            return WHOLE
        through = change.columns - set(passed.excluded)
        own = {column.name.lower() for column in lineage.columns}
        names |= through | _numbered(through & own)
    return _change(names | _gone(lineage, found, lineage_of))


def _gone(
    lineage: Lineage, found: Mapping[str, Change], lineage_of: Callable[[str], Lineage]
) -> set[str]:
    """Return what a star gives no more, since its input does not have it any more."""
    origins = {origin for column in lineage.columns for origin in column.origins}
    gone: set[str] = set()
    for unique_id in lineage.starred:
        changed = found.get(unique_id, NOTHING).columns
        if changed:
            changed -= {name.lower() for name in lineage_of(unique_id).names}
        gone |= {name for name in changed if (unique_id, name) not in origins}
    return gone


def _change(names: set[str]) -> Change:
    """Return a change of columns; of one nobody knows the name of, everything may be a reader."""
    return Change(frozenset(names)) if all(map(is_named, names)) else WHOLE


def _is_hit(origin: Origin, found: Mapping[str, Change]) -> bool:
    unique_id, name = origin
    change = found.get(unique_id)
    if change is None or change.is_whole or name == ALL:
        return change is not None
    return name != ROWS and name in change.columns
