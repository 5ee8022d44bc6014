"""Reading one expression: which columns, and its text down to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from upriver.state.lineage.scope import Scope
from upriver.state.lineage.tables import Doubtful, Origins, Table, Value

ReadQuery = Callable[[exp.Expr, Scope], Table]

_MULTIPLYING = (exp.UDTF, exp.Explode, exp.GenerateSeries, exp.ExplodingGenerateSeries)
_EVERY_COLUMN = (exp.Columns, exp.PositionalColumn)


class Shape:
    """What the expressions of a select list do to its rows."""

    def __init__(self) -> None:
        self.is_aggregate = False
        self.is_multiplying = False
        """It may give several rows, or make one of several: whatever is not known may."""


def value_of(node: exp.Expr, scope: Scope, read: ReadQuery, shape: Shape | None = None) -> Value:
    """Return what an expression reads and says; `read` reads the queries in it.

    A long chain of operators is as deep as it is long, so nothing here calls itself.
    """
    texts: list[str] = []
    origins: set[tuple[str, str]] = set()
    over: set[int] = set()
    stack: list[Any] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            texts.append(item)
            continue
        special = _special(item, scope, read)
        if special is not None:
            origins |= special.origins
            texts.append(special.text)
            continue
        if shape is not None:
            _note(item, shape, over)
        texts.append(f"{item.key}(")
        stack.append(")")
        _push_parts(item, stack)
    return Value(frozenset(origins), " ".join(texts), _plain(node, scope))


def _special(node: exp.Expr, scope: Scope, read: ReadQuery) -> Value | None:
    """Return the value of what is not read part by part."""
    if isinstance(node, exp.Column):
        if isinstance(node.this, exp.Star):
            return _table_of(node, scope).whole()
        return scope.column(names_of(node))
    if isinstance(node, exp.Query):
        return read(node, scope).content()
    if isinstance(node, exp.Star):
        return scope.rows() if isinstance(node.parent, exp.Count) else scope.whole()
    if isinstance(node, _EVERY_COLUMN):
        return Value(scope.whole().origins, str(node))
    if isinstance(node, exp.Table | exp.Command):
        raise Doubtful(f"`{node.sql()[:40]}` stands where a value is expected")
    return None


def _table_of(node: exp.Column, scope: Scope) -> Table:
    place: Scope | None = scope
    while place is not None:
        table = place.tables.get(node.table.lower())
        if table is not None:
            return table
        place = place.outer
    raise Doubtful(f"there is no table `{node.table}`")


def names_of(node: exp.Column) -> list[str]:
    """Return the parts of a column's name, outermost first."""
    return [part.name for part in node.parts]


def _note(node: exp.Expr, shape: Shape, over: set[int]) -> None:
    if isinstance(node, exp.Window):
        inner = node.this
        while isinstance(inner, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
            inner = inner.this
        over.add(id(inner))
    elif isinstance(node, exp.AggFunc):
        shape.is_aggregate = shape.is_aggregate or id(node) not in over
    elif isinstance(node, exp.Anonymous):
        shape.is_multiplying = shape.is_multiplying or (
            id(node) not in over and node.name.lower() not in _SCALAR
        )
    elif isinstance(node, _MULTIPLYING):
        shape.is_multiplying = True


_SCALAR = frozenset(
    {"now", "today", "age", "epoch", "epoch_ms", "make_date", "make_timestamp", "gen_random_uuid",
     "uuid", "random", "list_sum", "list_avg", "list_min", "list_max", "printf", "hash", "md5_number",
     "to_number", "to_json", "row_to_json", "json_build_object", "jsonb_build_object", "concat",
     "btrim", "regexp_full_match", "isfinite", "isnan", "dayname", "monthname", "bar"}
)  # fmt: skip
"""Functions the parser has no word for that give one value for one row."""


def _push_parts(node: exp.Expr, stack: list[Any]) -> None:
    parts: list[Any] = []
    is_folded = isinstance(node, exp.Anonymous) or (
        isinstance(node, exp.Identifier) and not node.args.get("quoted")
    )
    for name, part in node.args.items():
        if part is None or part is False or part == [] or name == "quoted":
            continue
        parts.append(name)
        for item in part if isinstance(part, list) else (part,):
            if isinstance(item, exp.Expr):
                parts.append(item)
            else:
                text = str(item)
                parts.append(f"={text.lower() if is_folded else text}")
    stack.extend(reversed(parts))


def _plain(node: exp.Expr, scope: Scope) -> Origins | None:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
        return scope.column(names_of(node)).plain
    return None
