"""Comparing two relations inside their warehouse, reading only.

Small relations are compared at once. Large ones are divided into buckets by a hash of the key (of
the whole row where there is none); a digest of each bucket is made on both sides, and only the
buckets whose digests differ are compared row by row, some at a time. So the memory that is needed
follows the number of buckets and the rows of one turn, not the relations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from upriver.adapters.session import Session
from upriver.resources.answers import ColumnType
from upriver.resources.dialect import Dialect
from upriver.run.compare.columns import match_columns, with_key_first
from upriver.run.compare.dialects import Words, words_of
from upriver.run.compare.differing import (
    CellExample,
    ColumnCount,
    Differing,
    KeyTrouble,
    RowExample,
    Rows,
)
from upriver.run.compare.queries import Part, Sides, condition, digests, sides_of

Row = tuple[Any, ...]
Ask = Callable[[str], Sequence[Row]]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is looked at and shown at once."""

    examples: int = 3
    undivided_rows: int = 2_000_000
    """Up to so many rows on both sides together, relations are not divided into buckets."""
    rows_per_bucket: int = 1_000
    most_buckets: int = 100_000
    rows_per_turn: int = 20_000_000
    buckets_per_turn: int = 10_000
    """Buckets that are not neighbours are listed in the query."""


class Subjects(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compared."""

    baseline: str
    """Rendered name of the baseline's relation."""
    here: str
    keys: tuple[tuple[str, ...], ...] = ()
    """Keys by preference; the first that both relations have is used."""
    must_have_key: bool = False
    """Whether not having one of the keys is a mistake."""


class KeyNotFound(Exception):  # noqa: N818 - it says what happened, and is a mistake of the user's
    """The relations do not both have the columns of the key; `names` are those they have."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__("no such columns")
        self.names = names


def compare_relations(
    session: Session, dialect: Dialect, subjects: Subjects, limits: Limits
) -> Differing:
    """Compare two relations that exist; raises WarehouseError and KeyNotFound."""
    words = words_of(dialect)
    session.begin()
    try:
        if words.begin is not None:
            session.execute(words.begin)
        return _compare(_Asking(session, words), dialect, subjects, limits)
    finally:
        # Nothing was written; rolling back also ends a transaction that failed.
        session.rollback()


class _Asking:
    """A session with the dialect's words."""

    def __init__(self, session: Session, words: Words) -> None:
        self._session = session
        self.words = words

    def rows(self, sql: str) -> Sequence[Row]:
        return self._session.execute(sql, fetch=True).rows

    def columns(self, relation: str) -> tuple[ColumnType, ...]:
        if self.words.describe is None:
            return self._session.query_columns(f"select * from {relation}")  # noqa: S608
        text = "'" + relation.replace("'", "''") + "'"
        found = self.rows(self.words.describe.replace("{}", text))
        return tuple(ColumnType(name=name, data_type=kind) for name, kind in found)

    def count(self, relation: str) -> int:
        return int(self.rows(f"select count(*) from {relation}")[0][0])  # noqa: S608


def _compare(asking: _Asking, dialect: Dialect, subjects: Subjects, limits: Limits) -> Differing:
    matched = match_columns(asking.columns(subjects.baseline), asking.columns(subjects.here))
    baseline, here = asking.count(subjects.baseline), asking.count(subjects.here)
    if not matched.pairs:
        rows = Rows(baseline=baseline, here=here, added=here, removed=baseline)
        return Differing(schema=matched.changes, rows=rows)
    pairs, key = matched.pairs, 0
    for columns in subjects.keys:
        pairs, key = with_key_first(matched.pairs, columns)
        if key:
            break
    if subjects.must_have_key and not key:
        raise KeyNotFound(tuple(pair.name for pair in pairs))
    relations = (subjects.baseline, subjects.here)
    sides = sides_of(dialect, asking.words, relations, pairs, key)
    names = tuple(pair.name for pair in pairs)
    tally = _Tally(names, key, limits.examples)
    parts, buckets, differing = _parts(asking.rows, sides, baseline + here, limits)
    for part in parts:
        tally.look(asking.rows, part)
    return Differing(
        schema=matched.changes,
        rows=Rows(
            baseline=baseline,
            here=here,
            added=tally.added + tally.added_whole,
            removed=tally.removed + tally.removed_whole,
            changed=tally.changed,
        ),
        key=names[:key],
        columns=tally.columns(),
        compared=names,
        added=tuple(tally.examples["b"]),
        removed=tuple(tally.examples["a"]),
        added_whole=tuple(tally.whole_examples["b"]),
        removed_whole=tuple(tally.whole_examples["a"]),
        trouble_baseline=tally.trouble["a"],
        trouble_here=tally.trouble["b"],
        buckets=buckets,
        differing_buckets=differing,
    )


def _parts(ask: Ask, sides: Sides, rows: int, limits: Limits) -> tuple[Iterator[Part], int, int]:
    """Return what has to be compared row by row, and how many buckets there are and differ."""
    if rows <= limits.undivided_rows or sides.words.bucket is None:
        return iter((Part(sides),)), 1, 1
    buckets = min(max(rows // 2 // limits.rows_per_bucket, 1), limits.most_buckets)
    found = [(int(k), int(a) + int(b)) for k, a, b in ask(digests(sides, buckets))]
    turns = (Part(sides, condition(sides, buckets, turn)) for turn in _turns(found, limits))
    return turns, buckets, len(found)


def _turns(buckets: Sequence[tuple[int, int]], limits: Limits) -> Iterator[list[int]]:
    """Divide buckets, each with its rows, into turns that are not too large."""
    turn: list[int] = []
    rows = 0
    for bucket, size in buckets:
        is_large = rows + size > limits.rows_per_turn or len(turn) >= limits.buckets_per_turn
        if turn and is_large:
            yield turn
            turn, rows = [], 0
        turn.append(bucket)
        rows += size
    if turn:
        yield turn


class _Tally:
    """What was found so far, part by part."""

    def __init__(self, names: tuple[str, ...], key: int, limit: int) -> None:
        self._names = names
        self._key = key
        self._limit = limit
        self.added = self.removed = self.changed = 0
        self.added_whole = self.removed_whole = 0
        self._counts = [0] * len(names)
        self._cells: list[list[CellExample]] = [[] for _ in names]
        self.examples: dict[str, list[RowExample]] = {"a": [], "b": []}
        self.whole_examples: dict[str, list[RowExample]] = {"a": [], "b": []}
        self.trouble = {"a": KeyTrouble(), "b": KeyTrouble()}

    def columns(self) -> tuple[ColumnCount, ...]:
        """Return the changes of each column that is not the key's."""
        if not self._key:
            return ()
        return tuple(
            ColumnCount(name=name, changed=self._counts[at], examples=tuple(self._cells[at]))
            for at, name in enumerate(self._names)
            if at >= self._key
        )

    def look(self, ask: Ask, part: Part) -> None:
        """Compare the rows of a part."""
        if self._key:
            troubled = self._look_for_trouble(ask, part)
            part = part.with_loners() if troubled else part
            self._look_by_key(ask, part)
        if part.has_loners:
            self._look_at_whole_rows(ask, part)

    def _look_for_trouble(self, ask: Ask, part: Part) -> bool:
        is_found = False
        for side, duplicates, rows, nulls in ask(part.trouble()):
            is_found = is_found or bool(duplicates or nulls)
            before = self.trouble[side]
            examples = list(before.examples)
            if duplicates and len(examples) < self._limit:
                more = ask(part.trouble_examples(side, self._limit - len(examples)))
                examples += [RowExample(values=row[:-1], count=int(row[-1])) for row in more]
            self.trouble[side] = KeyTrouble(
                duplicates=before.duplicates + int(duplicates),
                rows=before.rows + int(rows),
                nulls=before.nulls + int(nulls),
                examples=tuple(examples),
            )
        return is_found

    def _look_by_key(self, ask: Ask, part: Part) -> None:
        removed, added, changed, *columns = map(int, ask(part.keyed())[0])
        self.removed += removed
        self.added += added
        self.changed += changed
        for side, count in (("a", removed), ("b", added)):
            wanted = self._limit - len(self.examples[side])
            if count and wanted > 0:
                found = ask(part.alone_examples(side, wanted))
                self.examples[side] += [RowExample(values=row) for row in found]
        for at, count in enumerate(columns, start=self._key):
            self._counts[at] += count
            if count:
                self._take_cells(ask, part, at, min(count, self._limit))

    def _take_cells(self, ask: Ask, part: Part, at: int, count: int) -> None:
        """Look for examples of a column, unless rows fetched for others show enough of it."""
        if len(self._cells[at]) >= count:
            return
        width = len(self._names)
        for row in ask(part.changed_examples(at, self._limit)):
            key = row[: self._key]
            for other in range(self._key, width):
                before, after = row[other], row[width + other - self._key]
                cells = self._cells[other]
                is_new = all(cell.key != key for cell in cells)
                if len(cells) < self._limit and is_new and _differs(before, after):
                    cells.append(CellExample(key=key, before=before, after=after))

    def _look_at_whole_rows(self, ask: Ask, part: Part) -> None:
        removed, added = map(int, ask(part.whole())[0])
        self.removed_whole += removed
        self.added_whole += added
        for side, count in (("a", removed), ("b", added)):
            wanted = self._limit - len(self.whole_examples[side])
            if count and wanted > 0:
                self.whole_examples[side] += [
                    RowExample(values=row[:-1], count=int(row[-1]))
                    for row in ask(part.whole_examples(side, wanted))
                ]


def _differs(before: Any, after: Any) -> bool:
    """Whether two values differ as the warehouse sees it, where NaN equals itself."""
    are_no_numbers = before != before and after != after  # noqa: PLR0124 - only NaN differs
    return not are_no_numbers and (type(before) is not type(after) or bool(before != after))
