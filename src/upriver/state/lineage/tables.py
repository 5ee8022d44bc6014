"""Tables while a query is read: what each column is made of, and what decides the rows.

A `Value` says of an expression which columns it reads, and its text down to those columns. Two
expressions with the same text over the same rows have the same values, whatever the aliases and
common table expressions in between are called.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from upriver.state.lineage.columns import ALL, ROWS, Origin

Origins = frozenset[Origin]
NONE: Origins = frozenset()


class Doubtful(Exception):  # noqa: N818 - private to this package, turned into a lineage's doubt
    """Something cannot be told for certain."""


class Value(msgspec.Struct, frozen=True):
    """An expression."""

    origins: Origins
    text: str
    plain: Origins | None = None
    """The columns it is, one by branch of a union, if it is nothing but a column."""


class Open(msgspec.Struct, frozen=True):
    """Columns whose names are not known: an input's under their own names, or any, mixed."""

    unique_id: str | None
    mixed: Value | None = None
    excluded: frozenset[str] = frozenset()

    def value(self, name: str) -> Value:
        """Return what a column of this name is."""
        if self.mixed is not None:
            return Value(self.mixed.origins, f"{self.mixed.text}.{name}")
        return column_value(self.unique_id or "", name)

    def whole(self) -> Value:
        """Return all of the columns."""
        if self.mixed is not None:
            return self.mixed
        origin = (self.unique_id or "", ALL)
        excluded = ",".join(sorted(self.excluded))
        return Value(frozenset({origin}), f"{self.unique_id}.*-{excluded}")


class Table(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a query or an input gives."""

    columns: tuple[tuple[str, Value], ...] = ()
    """Names as they are written, in order; empty for a column that the warehouse names."""
    open: tuple[Open, ...] = ()
    used: Origins = NONE
    text: str
    """What decides the rows."""
    starred: frozenset[str] = frozenset()
    """Inputs whose own columns decide which columns there are, and where each stands."""

    @functools.cached_property
    def by_name(self) -> dict[str, list[Value]]:
        """Columns by name in lower case; wide tables are asked often."""
        found: dict[str, list[Value]] = {}
        for spelled, value in self.columns:
            found.setdefault(spelled.lower(), []).append(value)
        return found

    def find(self, name: str) -> Value | None:
        """Return a column by its name."""
        lower = name.lower()
        found = self.by_name.get(lower) if lower else None
        if not found:
            found = [*self.by_name.get("", ())]
            found += [part.value(lower) for part in self.open if lower not in part.excluded]
        return merged(found) if found else None

    def has(self, name: str) -> bool:
        """Whether a column of this name is known to be there."""
        return name.lower() in self.by_name

    def whole(self) -> Value:
        """Return all columns as one value."""
        return combined([*(value for _, value in self.columns), *(p.whole() for p in self.open)])

    def content(self) -> Value:
        """Return everything that decides what is in the table."""
        whole = self.whole()
        return Value(whole.origins | self.used, digest(self.text, whole.text))


def column_value(unique_id: str, name: str) -> Value:
    """Return a column of an input."""
    origin = frozenset({(unique_id, name.lower())})
    return Value(origin, f"{unique_id}.{name.lower()}", origin)


def input_table(inputs: Sequence[tuple[str, Sequence[str], bool]]) -> Table:
    """Return an input with the columns that are known of it, and whether those are all.

    Several inputs are one table where they have the same relation.
    """
    names = {name.lower(): name for _, listed, _ in inputs for name in listed}
    ids = [unique_id for unique_id, _, _ in inputs]
    return Table(
        columns=tuple(
            (name, merged([column_value(one, name) for one in ids])) for name in names.values()
        ),
        open=tuple(
            Open(one, excluded=frozenset(names))
            for one, _, is_complete in inputs
            if not is_complete
        ),
        used=frozenset((one, ROWS) for one in ids),
        text=" ".join(ids),
        starred=frozenset(ids),
    )


def unknown_table(text: str, value: Value | None = None) -> Table:
    """Return a table nothing is known of but its text, and what it is made of."""
    mixed = value or Value(NONE, text)
    return Table(open=(Open(None, mixed),), used=mixed.origins, text=text)


def digest(*texts: str) -> str:
    """Return a short text that stands for others."""
    joined = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=12).hexdigest()


def combined(values: Iterable[Value]) -> Value:
    """Return one value made of several."""
    listed = list(values)
    origins = NONE.union(*(value.origins for value in listed))
    return Value(origins, digest("all", *(value.text for value in listed)))


def merged(values: Sequence[Value]) -> Value:
    """Return what may be any of several values."""
    if len(values) == 1 or len({value.text for value in values}) == 1:
        return values[0]
    made = combined(values)
    plain = [value.plain for value in values if value.plain is not None]
    if len(plain) == len(values):
        return Value(made.origins, made.text, NONE.union(*plain))
    return made


def renamed(table: Table, names: Sequence[str]) -> Table:
    """Return a table whose first columns get other names."""
    if not names:
        return table
    if table.open:
        whole = table.whole()
        return Table(
            columns=tuple((name, Value(whole.origins, f"{whole.text}.{name}")) for name in names),
            open=(Open(None, whole),),
            used=table.used | _all_of(table.starred),
            text=digest("renamed", table.text, *names),
        )
    kept = table.columns[len(names) :]
    pairs = zip(names, (value for _, value in table.columns), strict=False)
    return Table(
        columns=(*pairs, *kept),
        used=table.used | _all_of(table.starred),
        text=table.text,
        starred=table.starred,
    )


def _all_of(inputs: Iterable[str]) -> Origins:
    """Places count in what stands by its place: any change of the columns may move others."""
    return frozenset((unique_id, ALL) for unique_id in inputs)


def placed(table: Table) -> Origins:
    """Return what decides which column stands where."""
    return _all_of(table.starred)


def stacked(left: Table, right: Table, word: str, *, is_by_name: bool) -> Table:
    """Return the union, difference or intersection of two tables."""
    used = left.used | right.used
    if not is_by_name:
        used |= placed(left) | placed(right)
    text = digest(word, left.text, right.text)
    starred = left.starred | right.starred
    is_known = not left.open and not right.open
    if is_by_name and is_known:
        names = {name.lower(): name for name, _ in (*left.columns, *right.columns)}
        columns = [(names[n], _side_by_side(left.find(n), right.find(n))) for n in names]
    elif is_known and len(left.columns) == len(right.columns):
        pairs = zip(left.columns, right.columns, strict=True)
        columns = [(name, _side_by_side(one, other)) for (name, one), (_, other) in pairs]
    else:
        whole = combined([left.whole(), right.whole()])
        names = {name.lower(): name for name, _ in (*left.columns, *right.columns) if name}
        mixed = Open(None, whole)
        columns = [(name, mixed.value(lower)) for lower, name in names.items()]
        return Table(columns=tuple(columns), open=(mixed,), used=used, text=text, starred=starred)
    return Table(columns=tuple(columns), used=used, text=text, starred=starred)


def _side_by_side(one: Value | None, other: Value | None) -> Value:
    values = [value for value in (one, other) if value is not None]
    made = combined(values)
    if len(values) > 1 and all(value.plain is not None for value in values):
        return Value(made.origins, made.text, NONE.union(*(v.plain or NONE for v in values)))
    return made
