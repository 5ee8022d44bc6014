"""What kind of value a column holds, decided from its values, and values made to fit it.

dbt gives templates tables in which a column has one kind (JINJA-132..134): whole numbers are ints,
other numbers are decimals, nested values are JSON text, and what has no kind of its own (times,
intervals, UUIDs) is text. A column of nulls counts as whole numbers.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec


class DataType(msgspec.Struct, frozen=True):
    """A kind of column, by the name dbt's tables have for it."""

    name: str

    def __str__(self) -> str:
        return self.name

    def jsonify(self, value: Any) -> Any:
        """Return a value as JSON has it: decimals are floats, moments are text."""
        if isinstance(value, Decimal):
            return float(value)
        return value.isoformat() if isinstance(value, datetime.date) else value

    def csvify(self, value: Any) -> str | None:
        """Return a value as a CSV file has it."""
        if value is None:
            return None
        return value.isoformat() if isinstance(value, datetime.date) else str(value)


_INTEGER, _NUMBER, _TEXT = DataType("Integer"), DataType("Number"), DataType("Text")
_KINDS: dict[type, DataType] = {
    bool: DataType("Boolean"), int: _INTEGER, float: _NUMBER, Decimal: _NUMBER, str: _TEXT,
    datetime.date: DataType("Date"), datetime.datetime: DataType("DateTime"),
}  # fmt: skip
_NUMBERS = frozenset({int, float, Decimal})
_NESTED = frozenset({list, tuple, dict})
_NULL = type(None)
_WORDS = {
    "Integer": "integer",
    "Number": "float8",
    "Boolean": "boolean",
    "Date": "date",
    "DateTime": "timestamp without time zone",
    "Text": "text",
}
_LARGEST_INTEGER = 2**31 - 1


def data_type(values: Iterable[Any]) -> DataType:
    """Return the kind that all values have."""
    types = set(map(type, values))
    types.discard(_NULL)
    if not types:
        return _INTEGER
    kinds = {_KINDS.get(kind, _TEXT) for kind in types}
    if len(kinds) == 1:
        return kinds.pop()
    return _NUMBER if types <= _NUMBERS else _TEXT


def settled(values: tuple[Any, ...]) -> list[Any] | None:
    """Return a column's values made one kind, or None where they are already."""
    types = set(map(type, values))
    types.discard(_NULL)
    if len(types) <= 1:
        kind = next(iter(types), int)
        if kind in _KINDS and kind is not float:
            return None
    change: Callable[[Any], Any] = str
    if types <= _NUMBERS:
        change = _decimal
    elif types <= _NESTED:
        change = _json
    return [None if value is None else change(value) for value in values]


def _decimal(value: Any) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _json(value: Any) -> str:
    return json.dumps(value, default=str)


def column_type(table: Any, index: int) -> str:
    """Return the warehouse's type for a column of a table."""
    values = [row[index] for row in table.rows]
    kind = data_type(values).name
    if kind == "Integer" or (kind == "Number" and all(map(_is_whole, values))):
        # dbt says `integer` whatever the size, and the load then fails.
        largest = max((abs(value) for value in values if value is not None), default=0)
        return "integer" if largest <= _LARGEST_INTEGER else "bigint"
    return _WORDS[kind]


def _is_whole(value: Any) -> bool:
    if value is None:
        return True
    number = Decimal(value)
    return number.is_finite() and number == number.to_integral_value()
