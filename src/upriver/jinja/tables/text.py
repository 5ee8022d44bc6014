"""Drawing a table as text, as `print_table` writes it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from upriver.jinja.tables.kinds import DataType

_CUT = "..."
_PLACES = 3


def draw_table(
    names: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    max_rows: int | None,
    max_columns: int | None,
    max_width: int | None,
) -> str:
    """Return the rows between bars; text is on the left of its column, the rest on the right."""
    shown = len(names) if max_columns is None else min(len(names), max_columns)
    taken = list(rows if max_rows is None else rows[:max_rows])
    is_left = [any(isinstance(row[at], str) for row in rows) for at in range(shown)]
    grid = [[_short(str(name), max_width) for name in names[:shown]]]
    grid += [[_short(_cell(row[at]), max_width) for at in range(shown)] for row in taken]
    if shown < len(names):
        is_left.append(True)
        grid = [[*line, _CUT] for line in grid]
    if len(taken) < len(rows):
        grid.append([_CUT] * len(is_left))
    return _draw(grid, is_left)


def draw_structure(names: Sequence[str], kinds: Sequence[DataType]) -> str:
    """Return the column names with the kinds of their values."""
    grid = [
        ["column", "data_type"],
        *([name, kind.name] for name, kind in zip(names, kinds, strict=True)),
    ]
    return _draw(grid, [True, True]) + "\n"


def _draw(grid: list[list[str]], is_left: list[bool]) -> str:
    widths = [max(len(line[at]) for line in grid) for at in range(len(is_left))]
    lines = [
        "| " + " | ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(line, widths, is_left, strict=True)
        ) + " |"
        for line in grid
    ]  # fmt: skip
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def _short(text: str, width: int | None) -> str:
    if width is None or len(text) <= width:
        return text
    return text[: max(width - len(_CUT), 0)] + _CUT


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal) and value.is_finite():
        places = round(value, _PLACES).normalize()
        return f"{places:,f}" + ("" if places == value else "…")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
