"""What statements give back to templates: results by name, and tables (JINJA-60, 127..134).

`Table` offers what templates were measured to use of agate's table, over the rows as they came
from the warehouse. Anything else is answered by the real library, made from the same rows when it
is first asked for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from upriver.jinja.errors import CompilationError
from upriver.jinja.tables.kinds import DataType, data_type, settled
from upriver.jinja.tables.text import draw_structure, draw_table
from upriver.resources.answers import Answer, Response

Write = Callable[[str], None]


class Keyed(Sequence[Any]):
    """A sequence whose items also have names: a row, or the columns of a table."""

    __slots__ = ("_items", "_places")

    def __init__(self, places: Mapping[str, int], items: Sequence[Any]) -> None:
        self._places = places
        self._items = items

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._items[self._places[key]]
        return self._items[key]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self._items) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self._items))

    def get(self, key: Any, default: Any = None) -> Any:
        """Return an item by name or position."""
        try:
            return self[key]
        except (KeyError, IndexError):
            return default

    def keys(self) -> tuple[str, ...]:
        """Return the names."""
        return tuple(self._places)

    def values(self) -> tuple[Any, ...]:
        """Return the items."""
        return tuple(self._items)

    def items(self) -> list[tuple[str, Any]]:
        """Return pairs of name and item."""
        return list(zip(self._places, self._items, strict=True))

    def dict(self) -> dict[str, Any]:
        """Return a plain mapping."""
        return dict(self.items())


class Row(Keyed):
    """One row: values by position or column name."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Row: {self.values()!r}>"


class TableColumn:
    """One column: a sequence of values with a name."""

    __slots__ = ("_rows", "_values", "index", "name")

    def __init__(self, name: str, index: int, rows: Sequence[tuple[Any, ...]]) -> None:
        self.name = name
        self.index = index
        self._rows = rows
        self._values: tuple[Any, ...] | None = None

    def values(self) -> tuple[Any, ...]:
        """Return all values, first row first."""
        if self._values is None:
            index = self.index
            self._values = tuple(row[index] for row in self._rows)
        return self._values

    def values_distinct(self) -> tuple[Any, ...]:
        """Return the distinct values."""
        return tuple(dict.fromkeys(self.values()))

    def values_without_nulls(self) -> tuple[Any, ...]:
        """Return the values that are not null."""
        return tuple(value for value in self.values() if value is not None)

    def values_sorted(self) -> list[Any]:
        """Return the values in order, nulls last."""
        present = sorted(self.values_without_nulls())
        return [*present, *([None] * (len(self) - len(present)))]

    def values_without_nulls_sorted(self) -> list[Any]:
        """Return the values that are not null, in order."""
        return sorted(self.values_without_nulls())

    @property
    def data_type(self) -> DataType:
        """The kind of value it holds."""
        return data_type(self.values())

    def __getitem__(self, index: Any) -> Any:
        return self.values()[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())

    def __repr__(self) -> str:
        return f"<Column: {self.name}>"


class Rows(Sequence[Row]):
    """The rows of a table; row objects are made as they are looked at."""

    __slots__ = ("_places", "_rows")

    def __init__(self, places: Mapping[str, int], rows: Sequence[tuple[Any, ...]]) -> None:
        self._places = places
        self._rows = rows

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return tuple(Row(self._places, row) for row in self._rows[key])
        return Row(self._places, self._rows[key])

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        places = self._places
        return (Row(places, row) for row in self._rows)

    def values(self) -> tuple[Row, ...]:
        """Return all rows."""
        return tuple(self)


class Table:
    """A query's rows as templates see them (JINJA-131)."""

    def __init__(
        self,
        column_names: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        *,
        write: Write | None = None,
    ) -> None:
        """`write` receives what `print_table` draws; standard output where there is none."""
        self.column_names = unique_names(column_names)
        self._rows = rows
        self._write = write
        self._places = {name: at for at, name in enumerate(self.column_names)}
        self._promoted: Any = None

    @property
    def columns(self) -> Keyed:
        """Columns by position or name."""
        names, rows = self.column_names, self._rows
        return Keyed(self._places, [TableColumn(name, at, rows) for at, name in enumerate(names)])

    @property
    def rows(self) -> Rows:
        """Rows by position."""
        return Rows(self._places, self._rows)

    @property
    def column_types(self) -> tuple[DataType, ...]:
        """The kind of value each column holds."""
        return tuple(column.data_type for column in self.columns)

    def rename(self, column_names: Any = None, **options: Any) -> Any:
        """Return the table with other column names: a mapping of old to new, or all names."""
        if options or column_names is None:
            return self.promoted().rename(column_names, **options)
        if isinstance(column_names, Mapping):
            names = [column_names.get(name, name) for name in self.column_names]
        else:
            names = list(column_names)
        return self._made(names, self._rows)

    def select(self, key: Sequence[str] | str) -> Table:
        """Return some of the columns."""
        wanted = [key] if isinstance(key, str) else list(key)
        places = [self._places[name] for name in wanted]
        return self._made(wanted, [tuple(row[at] for at in places) for row in self._rows])

    def exclude(self, key: Sequence[str] | str) -> Table:
        """Return the other columns."""
        unwanted = {key} if isinstance(key, str) else set(key)
        return self.select([name for name in self.column_names if name not in unwanted])

    def limit(self, start_or_stop: int | None = None, stop: int | None = None) -> Table:
        """Return some of the rows: the first few, or those between two positions."""
        places = slice(start_or_stop) if stop is None else slice(start_or_stop, stop)
        return self._made(self.column_names, self._rows[places])

    def print_table(
        self,
        max_rows: int | None = 20,
        max_columns: int | None = 6,
        output: Any = None,
        max_column_width: int | None = 20,
        **_options: Any,
    ) -> None:
        """Write the table as text."""
        text = draw_table(self.column_names, self._rows, max_rows, max_columns, max_column_width)
        if output is not None:
            output.write(text + "\n")
        elif self._write is not None:
            self._write(text)
        else:
            sys.stdout.write(text + "\n")

    def promoted(self) -> Any:
        """Return the same table as agate's, for what this class does not have."""
        if self._promoted is None:
            self._promoted = _agate_table(self.column_names, self._rows)
        return self._promoted

    def _made(self, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Table:
        return Table(names, rows, write=self._write)

    def __getattr__(self, name: str) -> Any:
        if name not in _AGATE_MEMBERS:
            raise AttributeError(name)
        return getattr(self.promoted(), name)

    def __getitem__(self, key: int | slice) -> Any:
        return self.rows[key]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __str__(self) -> str:
        return draw_structure(self.column_names, self.column_types)

    def __repr__(self) -> str:
        return f"<Table: {', '.join(self.column_names)} ({len(self._rows)} rows)>"


_AGATE_MEMBERS = frozenset({
    "aggregate", "bar_chart", "bins", "column_chart", "compute", "denormalize", "distinct",
    "find", "group_by", "homogenize", "join", "merge", "normalize", "order_by", "pivot",
    "print_bars", "print_csv", "print_html", "print_json", "print_structure", "row_names",
    "to_csv", "to_json", "where",
})  # fmt: skip


def _agate_table(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Any:
    # agate takes some 60 ms to load, and few templates need what only it can do.
    try:
        import agate
    except ImportError:
        raise CompilationError(
            "A template uses a method of the table library agate, which is not installed",
            code="agate-missing",
            hint="Install it: pip install 'upriver[agate]'",
        ) from None
    makers = {
        "Integer": agate.Number, "Number": agate.Number, "Boolean": agate.Boolean,
        "Date": agate.Date, "DateTime": agate.DateTime,
    }  # fmt: skip
    types = [
        makers[kind.name]() if kind.name in makers else agate.Text(cast_nulls=False)
        for kind in Table(names, rows).column_types
    ]
    return agate.Table([list(row) for row in rows], list(names), types)


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Give repeated names a number (JINJA-132)."""
    if len(set(names)) == len(names):
        return tuple(names)
    taken = set(names)
    seen: set[str] = set()
    unique: list[str] = []
    for name in names:
        free, number = name, 1
        while free in seen or (number > 1 and free in taken):
            number += 1
            free = f"{name}_{number}"
        seen.add(free)
        unique.append(free)
    return tuple(unique)


class ResponseView(Response, frozen=True, kw_only=True):
    """A statement's response as templates see it: prints as its message."""

    @property
    def response(self) -> Response:
        """The plain value."""
        return Response(
            message=self.message, code=self.code, rows_affected=self.rows_affected,
            extra=self.extra,
        )  # fmt: skip

    def to_dict(self, omit_none: bool = False) -> dict[str, Any]:
        """Return a plain mapping, with dbt's names."""
        plain = {
            "_message": self.message, "code": self.code, "rows_affected": self.rows_affected,
            **self.extra,
        }  # fmt: skip
        return {key: value for key, value in plain.items() if not (omit_none and value is None)}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.extra:
            raise AttributeError(name)
        return self.extra[name]

    def __str__(self) -> str:
        return self.message


def view_of(response: Response) -> ResponseView:
    """Return a response as templates see it."""
    return ResponseView(
        message=response.message, code=response.code, rows_affected=response.rows_affected,
        extra=response.extra,
    )  # fmt: skip


def table_of(answer: Answer, write: Write | None = None) -> Table:
    """Return an answer's rows as a table, with the kinds of values dbt gives (JINJA-132)."""
    rows: Sequence[tuple[Any, ...]] = answer.rows
    if rows:
        columns = [settled(column) for column in zip(*rows, strict=True)]
        if any(column is not None for column in columns):
            whole = zip(columns, zip(*rows, strict=True), strict=True)
            rows = list(zip(*(old if new is None else new for new, old in whole), strict=True))
    return Table(answer.column_names, rows, write=write)


def answer_parts(answer: Answer, write: Write | None = None) -> tuple[ResponseView, Table]:
    """Return what `adapter.execute` gives for an answer."""
    return view_of(answer.response), table_of(answer, write)


def empty_answer() -> tuple[ResponseView, Table]:
    """Return what `adapter.execute` gives while parsing."""
    return ResponseView(message=""), Table((), ())


class StoredResult(dict[str, Any]):
    """`response`, `data` and `table`, as items and as attributes."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Results:
    """Results of one context's statements, by name."""

    __slots__ = ("stored",)

    def __init__(self) -> None:
        self.stored: dict[str, StoredResult | None] = {}
        """None in place of a result that was loaded and given up."""

    def store_named(self, name: str, response: Any, agate_table: Any = None) -> str:
        """Store a statement's result (JINJA-61)."""
        table = Table((), ()) if agate_table is None else agate_table
        data = [tuple(row) for row in table.rows]
        self.stored[name] = StoredResult(response=response, data=data, table=table)
        return ""

    def store_raw(
        self,
        name: str,
        message: Any = None,
        code: Any = None,
        rows_affected: Any = None,
        agate_table: Any = None,
    ) -> str:
        """Store a result that no statement gave."""
        response = ResponseView(
            message=str(message or ""), code=None if code is None else str(code),
            rows_affected=_whole(rows_affected),
        )  # fmt: skip
        return self.store_named(name, response, agate_table)

    def load(self, name: str) -> StoredResult | None:
        """Return a result; any but `main` can be loaded once (JINJA-60)."""
        if name not in self.stored:
            return None
        found = self.stored[name]
        if found is None:
            raise CompilationError(
                f"`load_result('{name}')` was called before, and a result is given out once",
                code="result-loaded-twice",
                hint="Keep what the first call returned in a variable",
            )
        if name != "main":
            self.stored[name] = None
        return found


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def json_rows(names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> str:
    """Return rows as a JSON list of objects, numbers as numbers and dates as text."""
    listed = [dict(zip(names, row, strict=True)) for row in rows]
    return json.dumps(listed, default=_plain)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
