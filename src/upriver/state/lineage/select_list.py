"""What a select list gives: its columns, and what it does to the rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlglot import exp

from upriver.state.lineage.expressions import Shape
from upriver.state.lineage.scope import Scope
from upriver.state.lineage.tables import (
    Doubtful,
    Open,
    Origins,
    Table,
    Value,
    digest,
    merged,
    placed,
)


class ReadValue(Protocol):
    """Reads an expression of the list."""

    def __call__(self, node: exp.Expr, *, shape: Shape | None = None) -> Value:
        """Return its value, and note in `shape` what it does to the rows."""
        ...


class SelectList:
    """What a select list gives, item by item."""

    def __init__(self, value: ReadValue, scope: Scope) -> None:
        self._value = value
        self._scope = scope
        self.columns: list[tuple[str, Value]] = []
        self.open: list[Open] = []
        self.deciding: list[Value] = []
        self.groups: list[Value] = []
        """What `group by all` groups by."""
        self.words: list[str] = []
        """What the list does to the rows."""
        self.starred: frozenset[str] = frozenset()

    def places(self) -> Origins:
        """Return what decides which column stands where."""
        return placed(Table(text="", starred=self.starred))

    def add(self, item: exp.Expr) -> None:
        """Add an item of the list."""
        if isinstance(item, exp.Star):
            self._add_star(item, [a for a in self._scope.tables if a not in self._scope.hidden])
        elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            self._add_star(item.this, [item.table.lower()])
        elif any(isinstance(one, exp.Columns) for one in item.find_all(exp.Columns)):
            self._add_many(item)
        else:
            self._add_one(item)

    def _add_one(self, item: exp.Expr) -> None:
        shape = Shape()
        inner = item.unalias()
        value = self._value(inner, shape=shape)
        name = item.alias or _own_name(inner)
        if shape.is_multiplying:
            self.deciding.append(value)
        if shape.is_aggregate and "aggregate" not in self.words:
            self.words.append("aggregate")
        if not shape.is_aggregate:
            self.groups.append(value)
        self._put(name, value)

    def _put(self, name: str, value: Value) -> None:
        if value.plain is None:
            value = Value(value.origins, digest(value.text))
        self.columns.append((name, value))
        if name:
            known = self._scope.given.get(name.lower())
            self._scope.given[name.lower()] = value if known is None else merged([known, value])

    def _add_many(self, item: exp.Expr) -> None:
        """Add columns chosen by a pattern: any, made of all."""
        whole = self._scope.whole()
        self.open.append(Open(None, Value(whole.origins, digest(whole.text, item.sql()))))
        self.starred |= self._starred(self._scope.tables)
        self.words.append("columns")

    def _add_star(self, star: exp.Star, aliases: Iterable[str]) -> None:
        if star.args.get("ilike"):
            raise Doubtful("a star with a pattern is not understood")
        excluded = {_bare(one) for one in star.args.get("except_") or ()}
        replaced = {one.alias.lower(): one.this for one in star.args.get("replace") or ()}
        names = {_bare(one.this): one.alias for one in star.args.get("rename") or ()}
        shared: set[str] = set()
        for alias in aliases:
            table = self._scope.tables.get(alias)
            if table is None:
                raise Doubtful(f"there is no table `{alias}`")
            self._star_of(table, excluded, replaced, names, shared)
            self.starred |= table.starred

    def _star_of(
        self,
        table: Table,
        excluded: set[str],
        replaced: dict[str, exp.Expr],
        names: dict[str, str],
        shared: set[str],
    ) -> None:
        for name, found in table.columns:
            lower = name.lower()
            if lower in excluded or lower in shared:
                continue
            value = found
            if lower in self._scope.shared:
                shared.add(lower)
                value = self._scope.column([name])
            if lower in replaced:
                value = self._value(replaced[lower])
            self.columns.append((names.get(lower, name), value))
            self.groups.append(value)
        touched = {*excluded, *replaced, *names, *shared, *self._scope.shared}
        for part in table.open:
            rest = touched - part.excluded
            for lower in sorted(
                rest & {*replaced, *names, *self._scope.shared} - excluded - shared
            ):
                self._put_open(part, lower, replaced, names)
                shared.add(lower)
            self.open.append(Open(part.unique_id, part.mixed, part.excluded | touched))
            self.groups.append(part.whole())

    def _put_open(
        self, part: Open, lower: str, replaced: dict[str, exp.Expr], names: dict[str, str]
    ) -> None:
        """Add a column that a star renames, replaces or joins, of a table that may have it."""
        value = part.value(lower)
        if lower in replaced:
            value = merged(
                [
                    value,
                    self._value(replaced[lower]),
                ]
            )
        elif lower in self._scope.shared:
            value = self._scope.column([lower])
        self.columns.append((names.get(lower, lower), value))

    def _starred(self, aliases: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(self._scope.tables[alias].starred for alias in aliases))


def _own_name(node: exp.Expr) -> str:
    """Return the name a column has by itself; warehouses name other expressions differently."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node.name if isinstance(node, exp.Column | exp.Dot) else ""


def _bare(node: exp.Expr) -> str:
    return node.name.lower()
