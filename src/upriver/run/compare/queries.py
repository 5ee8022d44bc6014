"""The queries of a comparison as text.

Both relations become two CTEs with the same column names, `c0` to `cn`, the key's first: `a` is
the baseline's, `b` the one here. Everything else is said in those names, so that neither quoting
nor case nor different types matter any further.

Rows whose key is NULL or occurs twice on a side have no partner; they are compared as whole rows,
like all rows where there is no key.
"""

# Every text that becomes part of a query is a rendered name, a quoted column or made here.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upriver.resources.dialect import Dialect, quote
from upriver.run.compare.columns import Pair
from upriver.run.compare.dialects import Words, comparable, filled


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """Two relations and their common columns."""

    words: Words
    baseline: str
    """Rendered name."""
    here: str
    before: tuple[str, ...]
    """Expression for each common column over the baseline's relation."""
    after: tuple[str, ...]
    key: int
    """How many of the columns are the key; 0 without one."""

    @property
    def names(self) -> tuple[str, ...]:
        """The common columns as the CTEs call them."""
        return tuple(f"c{at}" for at in range(len(self.before)))

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of them that are the key."""
        return self.names[: self.key]

    @property
    def values(self) -> tuple[str, ...]:
        """Those that are not."""
        return self.names[self.key :]


def sides_of(
    dialect: Dialect, words: Words, relations: tuple[str, str], pairs: Sequence[Pair], key: int
) -> Sides:
    """Describe two relations; `pairs` begin with `key` columns of the key."""
    made = [comparable(words, p.before.data_type, p.after.data_type) for p in pairs]
    before = [quote(dialect, pair.before.name.replace('"', '""')) for pair in pairs]
    after = [quote(dialect, pair.after.name.replace('"', '""')) for pair in pairs]
    return Sides(
        words=words,
        baseline=relations[0],
        here=relations[1],
        before=tuple(t.replace("{}", name) for t, name in zip(made, before, strict=True)),
        after=tuple(t.replace("{}", name) for t, name in zip(made, after, strict=True)),
        key=key,
    )


def digests(sides: Sides, buckets: int) -> str:
    """Which buckets differ, with their numbers of rows on both sides."""
    differs = "a.n is distinct from b.n or a.d is distinct from b.d"
    return (
        f"select coalesce(a.k, b.k), coalesce(a.n, 0), coalesce(b.n, 0)"
        f" from ({_digest(sides, sides.baseline, sides.before, buckets)}) a"
        f" full join ({_digest(sides, sides.here, sides.after, buckets)}) b on a.k = b.k"
        f" where {differs} order by 1"
    )


def _digest(sides: Sides, relation: str, values: Sequence[str], buckets: int) -> str:
    words = sides.words
    bucket = filled(words.bucket or "", values[: sides.key] or values, buckets)
    digest = filled(words.digest, values)
    total = words.total.replace("{}", "d")
    return (
        f"select k, count(*) as n, {total} as d"
        f" from (select {bucket} as k, {digest} as d from {relation}) x group by k"
    )


def condition(sides: Sides, buckets: int, chosen: Sequence[int]) -> tuple[str, str]:
    """Return what keeps rows of some buckets, for either side."""
    words = sides.words
    made = []
    for values in (sides.before, sides.after):
        bucket = filled(words.bucket or "", values[: sides.key] or values, buckets)
        made.append(f" where {_within(bucket, chosen)}")
    return made[0], made[1]


def _within(bucket: str, chosen: Sequence[int]) -> str:
    if chosen[-1] - chosen[0] + 1 == len(chosen):
        return f"{bucket} between {chosen[0]} and {chosen[-1]}"
    return f"{bucket} in ({', '.join(map(str, chosen))})"


class Part:
    """The queries about some of the rows: those that `where` keeps on either side."""

    def __init__(self, sides: Sides, where: tuple[str, str] = ("", "")) -> None:
        self._sides = sides
        self._where = where
        self.has_loners = sides.key == 0
        """Whether rows without a key of their own have to be looked at; set once it is known."""

    def with_loners(self) -> Part:
        """Return the same part, some rows of which have no key of their own."""
        made = Part(self._sides, self._where)
        made.has_loners = True
        return made

    def trouble(self) -> str:
        """For either side: duplicated keys, their rows, and rows without a whole key."""
        tables = self._tables(self._sides.key)
        return f"with {tables} {' union all '.join(map(self._trouble, 'ab'))} order by 1"

    def _trouble(self, side: str) -> str:
        nulls = f"select count(*) from {side} where {self._is_null(side)}"
        return (
            f"select '{side}', count(*), coalesce(sum(n), 0), ({nulls})"
            f" from ({self._duplicates(side)}) d"
        )

    def trouble_examples(self, side: str, limit: int) -> str:
        """Keys that several rows of a side have, with how many."""
        keys = ", ".join(self._sides.keys)
        order = ", ".join(["n desc", *self._sides.keys])
        return (
            f"with {self._tables(self._sides.key)}"
            f" select {keys}, n from ({self._duplicates(side)}) d"
            f" order by {order} limit {limit}"
        )

    def keyed(self) -> str:
        """Numbers of rows removed, added and changed, then of changes by column."""
        changes = [f"a.{name} is distinct from b.{name}" for name in self._sides.values]
        counts = [
            _counted("b.c0 is null"),
            _counted("a.c0 is null"),
            _counted(self._changed()),
            *(_counted(f"{self._both} and {change}") for change in changes),
        ]
        return f"with {self._tables()} select {', '.join(counts)} from {self._joined()}"

    def changed_examples(self, at: int, limit: int) -> str:
        """Rows in which the value at a place changed: both sides' columns."""
        name = self._sides.names[at]
        shown = [*(f"a.{n}" for n in self._sides.names), *(f"b.{n}" for n in self._sides.values)]
        order = ", ".join(f"a.{key}" for key in self._sides.keys)
        return (
            f"with {self._tables()} select {', '.join(shown)} from {self._joined()}"
            f" where {self._both} and a.{name} is distinct from b.{name}"
            f" order by {order} limit {limit}"
        )

    def alone_examples(self, side: str, limit: int) -> str:
        """Rows of one side whose key the other has not."""
        other = "b" if side == "a" else "a"
        shown = ", ".join(f"{side}.{name}" for name in self._sides.names)
        order = ", ".join(f"{side}.{key}" for key in self._sides.keys)
        return (
            f"with {self._tables()} select {shown} from {self._joined()}"
            f" where {other}.c0 is null order by {order} limit {limit}"
        )

    def whole(self) -> str:
        """Numbers of whole rows removed and added."""
        return (
            f"with {self._tables()} select coalesce(sum(case when n < 0 then -n else 0 end), 0),"
            f" coalesce(sum(case when n > 0 then n else 0 end), 0) from ({self._whole()}) w"
        )

    def whole_examples(self, side: str, limit: int) -> str:
        """Whole rows that one side has more often, with how many times more."""
        names = ", ".join(self._sides.names)
        sign = "<" if side == "a" else ">"
        return (
            f"with {self._tables()} select {names}, abs(n) from ({self._whole()}) w"
            f" where n {sign} 0 order by {names} limit {limit}"
        )

    @property
    def _both(self) -> str:
        return "a.c0 is not null and b.c0 is not null"

    def _changed(self) -> str:
        changes = [f"a.{name} is distinct from b.{name}" for name in self._sides.values]
        return f"{self._both} and ({' or '.join(changes) or '1 = 0'})"

    def _tables(self, width: int | None = None) -> str:
        sides = self._sides
        parts = [
            f"a as ({_table(sides.baseline, sides.before[:width], self._where[0])})",
            f"b as ({_table(sides.here, sides.after[:width], self._where[1])})",
        ]
        if sides.key and self.has_loners:
            keys = ", ".join(sides.keys)
            parts.append(
                f"twice as (select {keys} from ({self._duplicates('a')}) d"
                f" union select {keys} from ({self._duplicates('b')}) d)"
            )
        return ", ".join(parts)

    def _duplicates(self, side: str) -> str:
        keys = ", ".join(self._sides.keys)
        return (
            f"select {keys}, count(*) as n from {side} where not ({self._is_null(side)})"
            f" group by {keys} having count(*) > 1"
        )

    def _is_null(self, side: str) -> str:
        return " or ".join(f"{side}.{key} is null" for key in self._sides.keys)

    def _is_twice(self, side: str) -> str:
        same = " and ".join(f"twice.{key} = {side}.{key}" for key in self._sides.keys)
        return f"exists (select 1 from twice where {same})"

    def _joined(self) -> str:
        on = " and ".join(f"a.{key} = b.{key}" for key in self._sides.keys)
        return f"({self._partnered('a')}) a full join ({self._partnered('b')}) b on {on}"

    def _partnered(self, side: str) -> str:
        twice = f" and not {self._is_twice(side)}" if self.has_loners else ""
        return f"select * from {side} where not ({self._is_null(side)}){twice}"

    def _whole(self) -> str:
        names = ", ".join(self._sides.names)
        return (
            f"select {names}, sum(n) as n from ({self._lone('a', -1)}"
            f" union all {self._lone('b', 1)}) u group by {names} having sum(n) <> 0"
        )

    def _lone(self, side: str, sign: int) -> str:
        names = ", ".join(self._sides.names)
        kept = ""
        if self._sides.key:
            kept = f" where {self._is_null(side)} or {self._is_twice(side)}"
        return f"select {names}, {sign} as n from {side}{kept}"


def _table(relation: str, values: Sequence[str], where: str) -> str:
    shown = ", ".join(f"{value} as c{at}" for at, value in enumerate(values))
    return f"select {shown} from {relation}{where}"


def _counted(condition: str) -> str:
    return f"coalesce(sum(case when {condition} then 1 else 0 end), 0)"
