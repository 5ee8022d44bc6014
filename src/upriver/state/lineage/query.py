"""Reading a query: from its syntax tree to the table it gives.

What is not known to be understood raises `Doubtful`; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from sqlglot import exp

from upriver.state.lineage.commons import Commons
from upriver.state.lineage.expressions import Shape, value_of
from upriver.state.lineage.scope import Scope
from upriver.state.lineage.select_list import SelectList
from upriver.state.lineage.tables import (
    NONE,
    Doubtful,
    Open,
    Table,
    Value,
    combined,
    digest,
    renamed,
    stacked,
    unknown_table,
)

FindInput = Callable[[tuple[str, ...]], Table | None]
"""Finds an input by the parts of its name; None for what is not part of the project."""

_CLAUSES = ("where", "having", "qualify", "limit", "offset", "sample")
_LISTED = (exp.Values, exp.Unnest, exp.GenerateSeries, exp.ExplodingGenerateSeries, exp.Explode)
"""What in `from` has no more columns than its alias lists."""
_HANDLED = frozenset(
    {"with_", "expressions", "from_", "joins", "laterals", "group", "order", "distinct", "windows",
     "pivots", "alias", "this", "expression", "by_name", "hint", "options", "locks", "settings",
     "format", "distribute", "sort", "cluster", *_CLAUSES}
)  # fmt: skip


class Reader:
    """Reads one query."""

    def __init__(self, find_input: FindInput) -> None:
        self._find_input = find_input

    def query(
        self, node: exp.Expr, outer: Scope | None = None, commons: Commons | None = None
    ) -> Table:
        """Return the table that a query gives."""
        unknown = {key for key, value in node.args.items() if value and key not in _HANDLED}
        if unknown and not isinstance(node, exp.Table | exp.Values):
            raise Doubtful(f"`{min(unknown)}` of a query is not understood")
        commons = self._with(node, outer, commons or Commons())
        if isinstance(node, exp.Select):
            return self._select(node, outer, commons)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer, commons)
        if isinstance(node, exp.Subquery):
            return self._parenthesised(node, outer, commons)
        if isinstance(node, exp.Values):
            return self._made_of(node, Scope(outer), commons)
        raise Doubtful(f"`{node.key}` is not understood")

    def _with(self, node: exp.Expr, outer: Scope | None, commons: Commons) -> Commons:
        with_ = node.args.get("with_")
        if with_ is None:
            return commons
        made = Commons(commons)
        for one in with_.expressions:
            columns = [column.name for column in one.args["alias"].args.get("columns") or ()]
            before, made = made, Commons(made)
            is_own = with_.args.get("recursive") and _mentions(one.this, one.alias)
            read = self._recursive if is_own else self.query
            made.put(one.alias, partial(_renamed, read, one.this, outer, before, columns))
        return made

    def _recursive(self, node: exp.Expr, outer: Scope | None, commons: Commons) -> Table:
        """Return a table that reads itself: every column may come from all it reads."""
        if not isinstance(node, exp.SetOperation):
            raise Doubtful("a recursive query that is no union is not understood")
        first = self.query(node.this, outer, commons)
        tables = [self._named(one, commons) for one in node.find_all(exp.Table)]
        parts = [table for table in tables if table is not None]
        content = combined([table.content() for table in parts])
        whole = Value(content.origins, digest("recursive", content.text, _text(node)))
        names = [name for name, _ in first.columns]
        columns = tuple((name, Value(whole.origins, f"{whole.text}.{name}")) for name in names)
        is_open = bool(first.open)
        return Table(
            columns=columns,
            open=(Open(None, whole),) if is_open else (),
            used=whole.origins,
            text=whole.text,
            starred=first.starred,
        )

    def _set_operation(
        self, node: exp.SetOperation, outer: Scope | None, commons: Commons
    ) -> Table:
        # Long unions lean to the left.
        branches: list[tuple[exp.SetOperation, exp.Expr]] = []
        first: exp.Expr = node
        while isinstance(first, exp.SetOperation) and (first is node or _is_bare(first)):
            branches.append((first, first.expression))
            first = first.this
        made = self.query(first, outer, commons)
        for operation, right in reversed(branches):
            made = _stacked(operation, made, self.query(right, outer, commons))
        return self._ordered(node, made, outer, commons)

    def _parenthesised(self, node: exp.Subquery, outer: Scope | None, commons: Commons) -> Table:
        inner = node.this
        if isinstance(inner, exp.Table):
            scope = Scope(outer)
            self._add(inner, scope, commons)
            table = _starred(scope)
        else:
            table = self.query(inner, outer, commons)
        table = self._ordered(node, table, outer, commons)
        return renamed(self._dressed(node, table, Scope(outer), commons), _alias_columns(node))

    def _ordered(
        self, node: exp.Expr, table: Table, outer: Scope | None, commons: Commons
    ) -> Table:
        """Return a table whose rows are ordered and limited, or otherwise chosen."""
        clauses = [node.args[key] for key in (*_CLAUSES, "order") if node.args.get(key)]
        if not clauses:
            return table
        scope = Scope(outer)
        scope.add("", table)
        values = [self._value(clause, scope, commons) for clause in clauses]
        if any(_positions(clause) for clause in clauses):
            values.append(table.whole())
        return _chosen(table, values)

    def _value(
        self, node: exp.Expr, scope: Scope, commons: Commons, shape: Shape | None = None
    ) -> Value:
        def read(query: exp.Expr, around: Scope) -> Table:
            return self.query(query, around, commons)

        return value_of(node, scope, read, shape)

    # From and joins.

    def _add(self, node: exp.Expr, scope: Scope, commons: Commons) -> list[Value]:
        """Add what stands in `from` to a scope; return what the joins inside it read."""
        read: list[Value] = []
        is_group = isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table)
        if is_group and not node.alias:
            read += self._add(node.this, scope, commons)
        else:
            scope.add(_alias(node), self._source(node, scope, commons))
        for join in node.args.get("joins") or ():
            read.append(self._join(join, scope, commons))
        for lateral in node.args.get("laterals") or ():
            scope.add(lateral.alias_or_name, self._source(lateral, scope, commons))
        return read

    def _source(self, node: exp.Expr, scope: Scope, commons: Commons) -> Table:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            table = self._named(node, commons) or unknown_table(f"table {_dotted(node)}")
        elif isinstance(node, exp.Subquery):
            return self.query(node, _lateral(scope), commons)
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            table = self.query(node.this, _lateral(scope), commons)
        else:
            return self._dressed(node, self._made_of(node, scope, commons), scope, commons)
        return renamed(self._dressed(node, table, scope, commons), _alias_columns(node))

    def _dressed(self, node: exp.Expr, table: Table, scope: Scope, commons: Commons) -> Table:
        """Return a table sampled and pivoted."""
        sample = node.args.get("sample")
        if sample is not None and not isinstance(node, exp.Subquery):
            table = _chosen(table, [self._value(sample, scope, commons)])
        for pivot in node.args.get("pivots") or ():
            whole = table.content()
            mixed = Value(whole.origins, digest("pivot", whole.text, _text(pivot)))
            table = unknown_table(mixed.text, mixed)
        return table

    def _named(self, node: exp.Table, commons: Commons) -> Table | None:
        if not isinstance(node.this, exp.Identifier):
            return None
        parts = tuple(part.name for part in node.parts)
        if len(parts) == 1:
            common = commons.find(parts[0])
            if common is not None:
                return common
        return self._find_input(parts)

    def _made_of(self, node: exp.Expr, scope: Scope, commons: Commons) -> Table:
        """Return what a function, or a list of values, in `from` gives: all made of all."""
        bare = node.copy()
        for key in ("alias", "pivots", "sample", "joins", "laterals"):
            bare.set(key, None)
        inner = bare.this if isinstance(bare, exp.Table | exp.Lateral) else bare
        if not isinstance(inner, exp.Expr):
            raise Doubtful(f"`{node.key}` in `from` is not understood")
        value = Value(NONE, inner.key)
        parts = [inner] if isinstance(inner, exp.Func | exp.Paren) else list(_parts(inner))
        if parts:
            found = combined([self._value(part, scope, commons) for part in parts])
            value = Value(found.origins, digest(inner.key, found.text))
        names = _alias_columns(node)
        offset = node.args.get("offset")
        if names and isinstance(offset, exp.Identifier):
            names.append(offset.name)
        is_known = bool(names) and isinstance(inner, _LISTED)
        if not names and isinstance(node, exp.Unnest | exp.Lateral) and node.alias:
            names = [node.alias]
        return Table(
            columns=tuple((name, Value(value.origins, f"{value.text}.{name}")) for name in names),
            open=() if is_known else (Open(None, value),),
            used=value.origins,
            text=value.text,
        )

    def _join(self, join: exp.Join, scope: Scope, commons: Commons) -> Value:
        """Add the other side of a join; return what decides which rows meet."""
        before = set(scope.tables)
        read = self._add(join.this, scope, commons)
        added = [alias for alias in scope.tables if alias not in before]
        kind = " ".join(str(join.args.get(key) or "") for key in ("method", "side", "kind"))
        if "SEMI" in kind or "ANTI" in kind:
            scope.hidden.update(added)
        if "NATURAL" in kind:
            self._share_all(scope, before, added)
        for column in join.args.get("using") or ():
            read.append(scope.column([column.name]))
            scope.shared.append(column.name.lower())
        for key in ("on", "match_condition"):
            condition = join.args.get(key)
            if condition is not None:
                read.append(self._value(condition, scope, commons))
        if "NATURAL" in kind:
            read += [scope.column([name]) for name in scope.shared]
        found = combined(read)
        return Value(found.origins, digest("join", kind, found.text))

    def _share_all(self, scope: Scope, before: set[str], added: list[str]) -> None:
        left = [scope.tables[alias] for alias in before]
        right = [scope.tables[alias] for alias in added]
        if any(table.open for table in (*left, *right)):
            raise Doubtful("a natural join of tables whose columns are not known")
        names = {name.lower() for table in left for name, _ in table.columns}
        scope.shared += [
            name.lower() for table in right for name, _ in table.columns if name.lower() in names
        ]

    # Select.

    def _select(self, node: exp.Select, outer: Scope | None, commons: Commons) -> Table:
        scope = Scope(outer)
        deciding: list[Value] = []
        from_ = node.args.get("from_")
        if from_ is not None:
            deciding += self._add(from_.this, scope, commons)
        for join in node.args.get("joins") or ():
            deciding.append(self._join(join, scope, commons))
        for lateral in node.args.get("laterals") or ():
            scope.add(lateral.alias_or_name, self._source(lateral, scope, commons))
        if node.args.get("pivots"):
            raise Doubtful("`pivot` of a query is not understood")
        given = SelectList(partial(self._value, scope=scope, commons=commons), scope)
        for item in node.expressions:
            given.add(item)
        deciding += given.deciding
        deciding += [
            self._value(node.args[key], scope, commons)
            for key in ("where", "having", "qualify", "limit", "offset", "sample")
            if node.args.get(key)
        ]
        deciding += [self._value(one, scope, commons) for one in node.args.get("windows") or ()]
        for key in ("group", "order"):
            clause = node.args.get(key)
            if clause is not None:
                deciding.append(self._by_place(clause, given, scope, commons))
        deciding += self._distinct(node, given, scope, commons)
        tables = scope.tables.values()
        rows = [Value(table.used, table.text) for table in tables]
        found = combined([*rows, *deciding])
        text = digest("select", found.text, *given.words)
        if len(rows) == 1 and not deciding and not given.words:
            # The same rows with other columns: a query around a query says nothing new.
            text = rows[0].text
        return Table(
            columns=tuple(given.columns),
            open=tuple(given.open),
            used=found.origins,
            text=text,
            starred=given.starred,
        )

    def _by_place(
        self, clause: exp.Expr, given: SelectList, scope: Scope, commons: Commons
    ) -> Value:
        """Return what `group by` or `order by` reads; a number means a place of the list."""
        values: list[Value] = []
        if clause.args.get("all"):
            values += given.groups
        for place in _positions(clause):
            if given.starred or given.open:
                values.append(scope.whole())
                values.append(Value(frozenset(given.places()), ""))
            if 0 < place <= len(given.columns):
                values.append(given.columns[place - 1][1])
        if _is_all(clause):
            values += [value for _, value in given.columns]
            values += [part.whole() for part in given.open]
        else:
            values.append(self._value(clause, scope, commons))
        found = combined(values)
        return Value(found.origins, digest(clause.key, found.text))

    def _distinct(
        self, node: exp.Select, given: SelectList, scope: Scope, commons: Commons
    ) -> Iterable[Value]:
        distinct = node.args.get("distinct")
        if not distinct:
            return ()
        on = distinct.args.get("on")
        if on is not None:
            value = self._value(on, scope, commons)
            return (Value(value.origins, digest("distinct on", value.text)),)
        values = [*(value for _, value in given.columns), *(one.whole() for one in given.open)]
        found = combined(values)
        return (Value(found.origins, digest("distinct", found.text)),)


def _renamed(
    read: Callable[[exp.Expr, Scope | None, Commons], Table],
    node: exp.Expr,
    outer: Scope | None,
    commons: Commons,
    columns: list[str],
) -> Table:
    return renamed(read(node, outer, commons), columns)


def _stacked(operation: exp.SetOperation, left: Table, right: Table) -> Table:
    word = f"{operation.key} {bool(operation.args.get('distinct'))}"
    made = stacked(left, right, word, is_by_name=bool(operation.args.get("by_name")))
    if operation.args.get("distinct") or not isinstance(operation, exp.Union):
        return _chosen(made, [made.whole(), left.whole(), right.whole()])
    return made


def _chosen(table: Table, values: Iterable[Value]) -> Table:
    """Return a table of whose rows some are chosen by what these values say."""
    found = combined(values)
    return Table(
        columns=table.columns,
        open=table.open,
        used=table.used | found.origins,
        text=digest("chosen", table.text, found.text),
        starred=table.starred,
    )


def _starred(scope: Scope) -> Table:
    """Return everything of a scope as one table."""
    tables = list(scope.tables.values())
    return Table(
        columns=tuple(column for table in tables for column in table.columns),
        open=tuple(part for table in tables for part in table.open),
        used=NONE.union(*(table.used for table in tables)),
        text=digest("group", *(table.text for table in tables)),
        starred=frozenset().union(*(table.starred for table in tables)),
    )


def _lateral(scope: Scope) -> Scope:
    """Return the scope of a query in `from`, which may read what stands before it."""
    return Scope(scope)


def _is_bare(node: exp.SetOperation) -> bool:
    return not any(node.args.get(key) for key in ("with_", "order", *_CLAUSES))


def _mentions(node: exp.Expr, name: str) -> bool:
    return any(
        table.name.lower() == name.lower() and not table.db for table in node.find_all(exp.Table)
    )


def _positions(clause: exp.Expr) -> list[int]:
    """Return the numbers in a clause that may be places of the select list."""
    if clause.key not in ("group", "order"):
        return []
    return [
        int(one.this)
        for one in clause.find_all(exp.Literal)
        if not one.is_string and one.this.isdigit()
    ]


def _is_all(clause: exp.Expr) -> bool:
    return any(one.name.lower() == "all" for one in clause.find_all(exp.Column, exp.Var))


def _alias(node: exp.Expr) -> str:
    """Return the name that something in `from` has for the rest of the query."""
    pivots = node.args.get("pivots")
    return (pivots[-1].alias if pivots else "") or node.alias_or_name


def _alias_columns(node: exp.Expr) -> list[str]:
    """Return the names that an alias gives to columns."""
    alias = node.args.get("alias")
    return [] if alias is None else [one.name for one in alias.args.get("columns") or ()]


def _dotted(node: exp.Table) -> str:
    return ".".join(part.name.lower() for part in node.parts)


def _text(node: exp.Expr) -> str:
    return node.sql()


def _parts(node: exp.Expr) -> Iterable[exp.Expr]:
    for part in node.args.values():
        for item in part if isinstance(part, list) else (part,):
            if isinstance(item, exp.Expr):
                yield item
