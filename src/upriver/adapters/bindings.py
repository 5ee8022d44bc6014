"""Values bound to a statement: placeholder styles, and the multi-row insert that seeds use.

Templates bind values with `%s` (dbt's default) or `?` (dbt-duckdb); drivers want one style. And
templates insert rows as one statement with thousands of placeholders, which every warehouse parses
slowly; `bulk_insert` recognises that statement so that a driver can load the rows its own way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from upriver.problems import WarehouseError

# Quoted text and comments hold no placeholders; they are matched first and kept as they are.
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|(?P<percent>%%|%s)|(?P<mark>\?)",
    re.DOTALL,
)
_INSERT = re.compile(
    r"\A(?:\s|--[^\n]*\n|/\*(?:(?!\*/).)*\*/)*"
    r"insert\s+into\s+(?P<target>[^();]+?)\s*(?P<columns>\([^()]*\))?\s*"
    r"\bvalues\s*(?P<rows>\([\s%s?,()]+\))\s*;?\s*(?:/\*(?:(?!\*/).)*\*/\s*)?\Z",
    re.DOTALL | re.IGNORECASE,
)
_GAP = re.compile(r"\s+")


class BulkInsert(msgspec.Struct, frozen=True, kw_only=True):
    """`insert into target (columns) values (?, ..), (?, ..)` with nothing but placeholders."""

    target: str
    """As written, quotes included."""
    columns: str
    """The parenthesised list as written, or empty."""
    width: int
    """Placeholders per row."""
    rows: int
    """Rows the statement has placeholders for."""


def bulk_insert(sql: str) -> BulkInsert | None:
    """Recognise a statement that does nothing but insert rows of placeholders."""
    match = _INSERT.match(sql)
    if match is None:
        return None
    body = _GAP.sub("", match["rows"])
    row = body[: body.index(")") + 1]
    width = row.count("%s") + row.count("?")
    count = (len(body) + 1) // (len(row) + 1)
    is_uniform = body == ",".join([row] * count)
    marks = row[1:-1].split(",")
    if not is_uniform or any(mark not in {"%s", "?"} for mark in marks):
        return None
    return BulkInsert(
        target=match["target"].strip(), columns=match["columns"] or "", width=width, rows=count
    )


def split_rows(insert: BulkInsert, bindings: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Cut a flat list of values into rows; raises WarehouseError when the count is off."""
    width = insert.width
    if len(bindings) != width * insert.rows:
        raise WarehouseError(_count_message(width * insert.rows, len(bindings)))
    return [tuple(bindings[at : at + width]) for at in range(0, len(bindings), width)]


def with_placeholders(sql: str, count: int, style: str) -> str:
    """Rewrite the placeholders of a statement to `style` (`?` or `%s`).

    A statement is in `%s` style when it has as many `%s` as there are values, else in `?` style;
    raises WarehouseError when neither count fits.
    """
    percents = marks = 0
    for match in _TOKEN.finditer(sql):
        percents += match["percent"] == "%s"
        marks += match["mark"] is not None
    if percents == count:
        return sql if style == "%s" else _TOKEN.sub(_percent_to_mark, sql)
    if marks == count:
        return sql if style == "?" else _TOKEN.sub(_mark_to_percent, sql.replace("%", "%%"))
    raise WarehouseError(_count_message(percents or marks, count))


def _percent_to_mark(token: re.Match[str]) -> str:
    # In `%s` style a doubled percent sign is one, inside quoted text too.
    return "?" if token["percent"] == "%s" else token[0].replace("%%", "%")


def _mark_to_percent(token: re.Match[str]) -> str:
    return token[0] if token["mark"] is None else "%s"


def _count_message(expected: int, given: int) -> str:
    return f"the statement has {expected} placeholders but {given} values were bound"
