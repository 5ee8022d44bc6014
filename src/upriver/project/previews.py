"""What `compile` and `show` print of their results (CLI-100, CLI-117..119)."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.run.events import StepResult

_MAX_COLUMN_WIDTH = 50


def compiled_lines(
    results: tuple[StepResult, ...], graph: Graph, *, output: str, is_inline: bool
) -> tuple[str, ...]:
    """Return compiled code as text or JSON; text is shown for a single node only."""
    shown = [result for result in results if result.compiled_code is not None]
    if len(shown) != 1:
        return ()
    result = shown[0]
    name = graph.entries[result.unique_id].name
    code = result.compiled_code or ""
    if output == "json":
        body = {"compiled": code} if is_inline else {"node": name, "compiled": code}
        return (_pretty(body),)
    title = "Compiled inline node is:" if is_inline else f"Compiled node '{name}' is:"
    return (title, code)


def preview_lines(
    results: tuple[StepResult, ...], graph: Graph, *, output: str, is_inline: bool
) -> tuple[str, ...]:
    """Return rows as a table or JSON."""
    lines: list[str] = []
    for result in results:
        if result.rows is None:
            continue
        name = graph.entries[result.unique_id].name
        if output == "json":
            rows = [
                {key: _plain(value) for key, value in zip(result.column_names, row, strict=True)}
                for row in result.rows
            ]
            lines.append(_pretty({"show": rows} if is_inline else {"node": name, "show": rows}))
        else:
            title = "Previewing inline node:" if is_inline else f"Previewing node '{name}':"
            lines += [title, *table_lines(result.column_names, result.rows)]
    return tuple(lines)


def table_lines(names: tuple[str, ...], rows: tuple[tuple[Any, ...], ...]) -> tuple[str, ...]:
    """Draw rows as a plain table that any terminal and log can show."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        min(max([len(name), *(len(row[at]) for row in cells)]), _MAX_COLUMN_WIDTH)
        for at, name in enumerate(names)
    ]
    is_number = [
        bool(rows) and all(isinstance(row[at], (int, float, decimal.Decimal)) for row in rows)
        for at in range(len(names))
    ]
    head = _line(
        [_fit(name, width, right=False) for name, width in zip(names, widths, strict=True)]
    )
    rule = _line(["-" * width for width in widths])
    body = [
        _line(
            [
                _fit(cell, width, right=right)
                for cell, width, right in zip(row, widths, is_number, strict=True)
            ]
        )
        for row in cells
    ]
    return (head, rule, *body)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _fit(text: str, width: int, *, right: bool) -> str:
    shown = text if len(text) <= width else f"{text[: width - 3]}..."
    return shown.rjust(width) if right else shown.ljust(width)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(_plain(value)).replace("\n", " ")


def _plain(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return (
            int(value)
            if value == value.to_integral_value() and value.is_finite()
            else float(value)
        )
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
