"""Which columns a name means, at one place of a query."""

from __future__ import annotations

from upriver.state.lineage.tables import NONE, Doubtful, Table, Value, combined, merged


class Scope:
    """The tables of one `select`, by alias, with those of the queries around it."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.tables: dict[str, Table] = {}
        """By alias in lower case, in order."""
        self.hidden: set[str] = set()
        """Those a star does not mean: the other side of a semi join."""
        self.shared: list[str] = []
        """Columns that `using` made one."""
        self.given: dict[str, Value] = {}
        """What the select list gives, by alias in lower case."""

    def add(self, alias: str, table: Table) -> None:
        """Add a table; one without an alias gets a name that nothing can mean."""
        key = alias.lower() or f"?{len(self.tables)}"
        self.tables[f"{key}?{len(self.tables)}" if key in self.tables else key] = table

    def whole(self) -> Value:
        """Return all columns of all tables."""
        return combined([table.whole() for table in self.tables.values()])

    def column(self, parts: list[str]) -> Value:
        """Return what a dotted name means; raises Doubtful.

        What a table may have whose columns are not known may as well be meant of one around it.
        """
        scope: Scope | None = self
        values: list[Value] = []
        while scope is not None:
            found, is_sure = scope._own(parts)  # noqa: SLF001 - another scope
            values += found
            if is_sure:
                break
            scope = scope.outer
        if not values:
            raise Doubtful(f"nothing it reads has a column `{'.'.join(parts)}`")
        return merged(values)

    def rows(self) -> Value:
        """Return what decides how many rows the tables have."""
        tables = self.tables.values()
        used = NONE.union(*(table.used for table in tables))
        return Value(used, "rows")

    def _own(self, parts: list[str]) -> tuple[list[Value], bool]:
        """Return what a name may mean here, and whether it can mean nothing else.

        The longest qualification comes first.
        """
        for at in range(len(parts) - 1, 0, -1):
            table = self.tables.get(parts[at - 1].lower())
            found = None if table is None else table.find(parts[at])
            if found is not None:
                return [_field(found, parts[at + 1 :])], True
        values, is_sure = self._bare(parts[0])
        return [_field(value, parts[1:]) for value in values], is_sure

    def _bare(self, name: str) -> tuple[list[Value], bool]:
        lower = name.lower()
        tables = self.tables.values()
        # Columns that the warehouse named count where nothing else can be meant.
        found = [table.find(name) for table in tables]
        found.append(self.given.get(lower))
        values = [value for value in found if value is not None]
        if not values and lower in self.tables:
            values = [self.tables[lower].whole()]
        return values, any(table.has(name) for table in tables)


def _field(value: Value, path: list[str]) -> Value:
    """Return a field of a structured value."""
    return Value(value.origins, ".".join((value.text, *path))) if path else value
