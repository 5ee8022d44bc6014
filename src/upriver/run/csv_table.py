"""Seed files: CSV text into typed columns, with dbt's inference (JINJA-133, JINJA-134).

A column gets the first type that all of its values fit: number, date, date and time, ISO date and
time, boolean, else text. Whether a number column is whole is decided by its values: `1.0` is
whole, `1.5` is not. Numbers may carry currency signs, per cent signs, thousands commas and
underscores, which are dropped.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from upriver.problems import Problem

ColumnKind = Literal["integer", "number", "text", "boolean", "date", "datetime", "time"]

_NULLS = frozenset({"", "null"})
_NOISE = str.maketrans("", "", "$%_,¢£¥ƒ؋฿៛₡₤₦₩₪₫€₭₮₱﷼")
_NUMBER = re.compile(
    r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE
)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_DATETIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}")
_ISO_FRACTION = re.compile(r"(\.\d{6})\d+")
_FIELD_LIMIT = 2**31 - 1


class CsvColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column with converted values."""

    name: str
    kind: ColumnKind
    values: tuple[Any, ...]


class CsvTable(msgspec.Struct, frozen=True, kw_only=True):
    """A seed file's contents."""

    columns: tuple[CsvColumn, ...]

    @property
    def rows(self) -> tuple[tuple[Any, ...], ...]:
        """The same values by row."""
        return tuple(zip(*(column.values for column in self.columns), strict=True))


def find_ragged(text: str, delimiter: str = ",") -> Problem | None:
    """Return the first line that has more or fewer values than the header, if there is one."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    width: int | None = None
    try:
        for row in lines:
            if width is None:
                width = len(row)
            elif row and len(row) != width:
                return _ragged(lines.line_num, len(row), width)
    except csv.Error:
        return None
    return None


def _too_long(text: str, delimiter: str, width: int) -> Problem:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    row = next(row for row in lines if len(row) > width)
    return _ragged(lines.line_num, len(row), width)


def _ragged(line: int, found: int, width: int) -> Problem:
    return Problem(
        code="seed-invalid-csv",
        message=f"Line {line} has {found} values, but the header names {width} columns",
        hint="Quote values that contain the delimiter, or set `delimiter`",
    )


def read_csv(
    text: str, *, delimiter: str = ",", text_columns: Collection[str] = ()
) -> CsvTable | Problem:
    """Read CSV text; columns named in `text_columns` stay text (those with a `column_types`).

    Blank lines count as rows of nulls and short rows are filled with nulls, as dbt does it.
    """
    if csv.field_size_limit() < _FIELD_LIMIT:
        csv.field_size_limit(_FIELD_LIMIT)
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    try:
        header = next(lines, None)
        if not header:
            return Problem(code="seed-empty", message="The file has no header line")
        rows = list(lines)
    except csv.Error as error:
        return Problem(code="seed-invalid-csv", message=f"Line {lines.line_num}: {error}")
    names = _unique_names(header)
    width = len(names)
    for row in rows:
        if len(row) > width:
            return _too_long(text, delimiter, width)
        if len(row) < width:
            row.extend([""] * (width - len(row)))
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return CsvTable(
        columns=tuple(
            _column(name, values, is_text=name in text_columns)
            for name, values in zip(names, columns, strict=True)
        )
    )


def _unique_names(header: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for position, given in enumerate(header):
        name = given or _letters(position)
        unique, count = name, 2
        while unique in names:
            unique, count = f"{name}_{count}", count + 1
        names.append(unique)
    return tuple(names)


def _letters(position: int) -> str:
    """Name a column without a name as spreadsheets do, in lower case: a, b, .. z, aa, bb."""
    return chr(ord("a") + position % 26) * (position // 26 + 1)


def _column(name: str, texts: Sequence[str], *, is_text: bool) -> CsvColumn:
    if not is_text:
        for kind, convert in _CONVERTERS:
            values = _convert(texts, convert)
            if values is not None:
                return _typed(name, kind, values)
    return CsvColumn(
        name=name,
        kind="text",
        values=tuple(None if text.strip().lower() in _NULLS else text for text in texts),
    )


def _typed(name: str, kind: ColumnKind, values: list[Any]) -> CsvColumn:
    if kind == "number" and all(value is None or _is_whole(value) for value in values):
        whole = tuple(None if value is None else int(value) for value in values)
        return CsvColumn(name=name, kind="integer", values=whole)
    return CsvColumn(name=name, kind=kind, values=tuple(values))


def _is_whole(value: Decimal) -> bool:
    return value.is_finite() and value == value.to_integral_value()


def _convert(texts: Sequence[str], convert: Callable[[str], Any]) -> list[Any] | None:
    """Return all values converted, or None as soon as one does not fit."""
    values: list[Any] = []
    for text in texts:
        stripped = text.strip()
        if stripped.lower() in _NULLS:
            values.append(None)
            continue
        value = convert(stripped)
        if value is None:
            return None
        values.append(value)
    return values


def _number(text: str) -> Decimal | None:
    digits = text.translate(_NOISE).strip()
    if digits.startswith(("--", "-+")):
        # dbt takes the first minus sign off before it reads the number.
        digits = digits[2:] if digits[1] == "-" else "-" + digits[2:]
    if _NUMBER.fullmatch(digits) is None:
        return None
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None


def _date(text: str) -> datetime.date | None:
    if _DATE.fullmatch(text) is None:
        return None
    year, month, day = map(int, text.split("-"))
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _datetime(text: str) -> datetime.datetime | None:
    if _DATETIME.fullmatch(text) is None:
        return None
    year, month, day, hour, minute, second = map(int, re.split(r"[- :]", text))
    try:
        # Seeds say nothing of a time zone, and neither may the column.
        return datetime.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def _iso_datetime(text: str) -> datetime.datetime | None:
    if "T" not in text or not text[0].isdigit():
        return None
    try:
        return datetime.datetime.fromisoformat(_ISO_FRACTION.sub(r"\1", text))
    except ValueError:
        return None


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


_CONVERTERS: tuple[tuple[ColumnKind, Callable[[str], Any]], ...] = (
    ("number", _number),
    ("date", _date),
    ("datetime", _datetime),
    ("datetime", _iso_datetime),
    ("boolean", _boolean),
)
