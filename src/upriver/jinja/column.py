"""The column object of templates (JINJA-125)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.errors import CompilationError
from upriver.resources.answers import ColumnType
from upriver.resources.dialect import Dialect

_STRINGS = frozenset({"text", "character varying", "character", "varchar"})
_NUMERICS = frozenset({"numeric", "decimal"})
_FLOATS = frozenset({"real", "float4", "float", "double precision", "float8", "double"})
_INTEGERS = frozenset({
    "smallint", "integer", "bigint", "smallserial", "serial", "bigserial", "int2", "int4",
    "int8", "serial2", "serial4", "serial8",
})  # fmt: skip
_INTEGERS_BY_TYPE: Mapping[str, frozenset[str]] = {
    "duckdb": frozenset({
        "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint",
        "uinteger", "ubigint", "int1", "int2", "int4", "int8", "int", "short", "long",
        "signed",
    }),
}  # fmt: skip
_FLOATS_BY_TYPE: Mapping[str, frozenset[str]] = {"duckdb": _FLOATS - {"double precision"}}
_DEFAULT_SIZE = 256
_DESCRIPTION = re.compile(r"([^(]+)(?:\(([^)]+)\))?")


class Column(msgspec.Struct, frozen=True):
    """A column of a relation: name, type, sizes."""

    dialect: Dialect
    column: str
    dtype: str
    char_size: int | None = None
    numeric_precision: Any = None
    numeric_scale: Any = None

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column

    @property
    def quoted(self) -> str:
        """The column's name in quotes."""
        mark = self.dialect.quote_character
        return f"{mark}{self.column}{mark}"

    @property
    def data_type(self) -> str:
        """The type with its size."""
        word = self.dtype.lower()
        if word in _STRINGS:
            # PostgreSQL's unbounded texts stay what they are; dbt gives others a size.
            is_unbounded = word == "text" or (
                word == "character varying" and self.char_size is None
            )
            if is_unbounded and self.dialect.type == "postgres":
                return self.dtype
            return self.string_type(self.string_size())
        if word in _NUMERICS:
            return self.numeric_type(self.dtype, self.numeric_precision, self.numeric_scale)
        return self.dtype

    @property
    def expanded_data_type(self) -> str:
        """The type with its size."""
        return self.data_type

    def is_string(self) -> bool:
        """Tell whether it holds text."""
        return self.dtype.lower() in _STRINGS

    def is_integer(self) -> bool:
        """Tell whether it holds whole numbers."""
        return self.dtype.lower() in _INTEGERS_BY_TYPE.get(self.dialect.type, _INTEGERS)

    def is_float(self) -> bool:
        """Tell whether it holds floating-point numbers."""
        return self.dtype.lower() in _FLOATS_BY_TYPE.get(self.dialect.type, _FLOATS)

    def is_numeric(self) -> bool:
        """Tell whether it holds exact decimals."""
        return self.dtype.lower() in _NUMERICS

    def is_number(self) -> bool:
        """Tell whether it holds any number."""
        return self.is_integer() or self.is_float() or self.is_numeric()

    def is_struct(self) -> bool:
        """Tell whether it holds structs (DuckDB)."""
        return self.dtype.lower().startswith("struct(") and self.dtype.endswith(")")

    def string_size(self) -> int:
        """Return the longest text it holds; 256 where that is not known."""
        if not self.is_string():
            raise CompilationError(
                f"`string_size` was asked of the column `{self.column}`, which is {self.dtype}",
                code="column-not-text",
            )
        if self.char_size is None or self.dtype.lower() == "text":
            return _DEFAULT_SIZE
        return int(self.char_size)

    def can_expand_to(self, other_column: Column) -> bool:
        """Tell whether the other is the same text, only longer."""
        if not self.is_string() or not other_column.is_string():
            return False
        return other_column.string_size() > self.string_size()

    def literal(self, value: Any) -> str:
        """Return a literal of this type."""
        return f"{value}::{self.data_type}"

    def flatten(self) -> list[Column]:
        """Return the columns of a struct by dotted name; other columns as they are (DuckDB)."""
        if not self.is_struct():
            return [self]
        inner = self.dtype[len("struct(") : -1]
        found: list[Column] = []
        for name, dtype in _struct_fields(inner):
            found.extend(Column(self.dialect, f"{self.column}.{name}", dtype).flatten())
        return found

    @staticmethod
    def string_type(size: int) -> str:
        """Return a text type of a size."""
        return f"character varying({size})"

    @staticmethod
    def numeric_type(dtype: str, precision: Any, scale: Any) -> str:
        """Return a decimal type of a precision and scale."""
        return dtype if precision is None or scale is None else f"{dtype}({precision},{scale})"

    def __repr__(self) -> str:
        return f"<Column {self.column} ({self.data_type})>"


class ColumnFactory:
    """`api.Column`: makes columns in the active dialect."""

    __slots__ = ("_dialect",)

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    string_type = staticmethod(Column.string_type)
    numeric_type = staticmethod(Column.numeric_type)

    @property
    def TYPE_LABELS(self) -> Mapping[str, str]:  # noqa: N802 - the name templates use
        """The warehouse's words for type labels."""
        return self._dialect.type_labels

    def __call__(
        self,
        column: str,
        dtype: str,
        char_size: int | None = None,
        numeric_precision: Any = None,
        numeric_scale: Any = None,
    ) -> Column:
        """Return a column: `api.Column('id', 'integer')`."""
        return Column(
            self._dialect, column, str(dtype), char_size, numeric_precision, numeric_scale
        )

    def create(self, name: str, label_or_dtype: str) -> Column:
        """Return a column of a type given by label or by the warehouse's word."""
        return Column(self._dialect, name, self.translate_type(label_or_dtype))

    def translate_type(self, dtype: str) -> str:
        """Return the warehouse's word for a type label."""
        return self._dialect.type_labels.get(str(dtype).upper(), dtype)

    def from_description(self, name: str, raw_data_type: str) -> Column:
        """Return a column for a type as text: `numeric(10,2)`, `varchar(20)`."""
        match = _DESCRIPTION.match(raw_data_type)
        if match is None:
            raise _unreadable(raw_data_type)
        dtype, size = match.groups()
        if size is None:
            return Column(self._dialect, name, dtype)
        try:
            numbers = [int(part) for part in size.split(",")]
        except ValueError:
            raise _unreadable(raw_data_type) from None
        if len(numbers) == 1:
            return Column(self._dialect, name, dtype, numbers[0])
        if len(numbers) > 2:  # noqa: PLR2004 - precision and scale
            raise _unreadable(raw_data_type)
        return Column(self._dialect, name, dtype, None, numbers[0], numbers[1])

    def of(self, described: ColumnType) -> Column:
        """Return a column for what the warehouse described."""
        return Column(
            self._dialect,
            described.name,
            described.data_type,
            described.char_size,
            described.numeric_precision,
            described.numeric_scale,
        )


def _unreadable(raw: str) -> CompilationError:
    return CompilationError(
        f"`{raw}` is no type with whole numbers for its size", code="column-type"
    )


def _struct_fields(inner: str) -> list[tuple[str, str]]:
    """Split `a INTEGER, "b c" STRUCT(...)` at its outer commas."""
    fields: list[tuple[str, str]] = []
    depth, start, is_quoted = 0, 0, False
    for at, mark in enumerate([*inner, ","]):
        if mark == '"':
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += (mark == "(") - (mark == ")")
            if mark == "," and depth == 0:
                fields.append(_field(inner[start:at].strip()))
                start = at + 1
    return [field for field in fields if field[0]]


def _field(text: str) -> tuple[str, str]:
    if text.startswith('"'):
        name, _, dtype = text[1:].partition('"')
        return name, dtype.strip()
    name, _, dtype = text.partition(" ")
    return name, dtype.strip()
