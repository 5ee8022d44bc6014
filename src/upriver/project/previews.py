"""What `compile` and `show` print of their results (CLI-100, CLI-117..119)."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.run.events import StepResult

_MAX_COLUMN_WIDTH = 50
_TESTS = frozenset({"test", "unit_test"})


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How results are to be printed."""

    output: str
    """`text` or `json`."""
    is_inline: bool
    is_quiet: bool
    """Text comes without its title, ready to be sent on."""


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed: one text per result, and the same as data for tools."""

    lines: tuple[str, ...] = ()
    data: tuple[dict[str, Any], ...] = ()


def shown_ids(ids: Iterable[str], graph: Graph, words: tuple[str, ...]) -> frozenset[str]:
    """Return which of the selected resources a person wants to look at.

    Those that the selectors name, as in dbt: `+orders` shows `orders` and not what is above it,
    and the tests that come along are not shown. Where nothing is named (`tag:nightly`), everything
    but tests.
    """
    entries = [graph.entries[unique_id] for unique_id in ids]
    named = [entry for entry in entries if _is_named(entry.name, words)]
    shown = named or [entry for entry in entries if entry.kind not in _TESTS] or entries
    return frozenset(entry.unique_id for entry in shown)


def _is_named(name: str, words: tuple[str, ...]) -> bool:
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return any(pattern.search(word) for word in words)


def compiled_lines(
    results: Iterable[StepResult], graph: Graph, words: tuple[str, ...], manner: Manner
) -> Printed:
    """Return compiled code; of resources that no selector names, a single one only."""
    compiled = {r.unique_id: r for r in results if r.compiled_code is not None}
    shown = sorted(compiled) if manner.is_inline else sorted(shown_ids(compiled, graph, words))
    is_named = any(_is_named(graph.entries[unique_id].name, words) for unique_id in shown)
    if len(shown) != 1 and not is_named:
        return Printed()
    texts: list[str] = []
    data: list[dict[str, Any]] = []
    for unique_id in shown:
        code = compiled[unique_id].compiled_code or ""
        name = graph.entries[unique_id].name
        texts.append(_compiled_text(name, code, manner))
        data.append({"compiled": code, **_described(unique_id, name, manner)})
    return Printed(lines=tuple(texts), data=tuple(data))


def _compiled_text(name: str, code: str, manner: Manner) -> str:
    if manner.output == "json":
        return _pretty(
            {"compiled": code} if manner.is_inline else {"node": name, "compiled": code}
        )
    title = "Compiled inline node is:" if manner.is_inline else f"Compiled node '{name}' is:"
    return code if manner.is_quiet else f"{title}\n{code}"


def preview_lines(results: Iterable[StepResult], graph: Graph, manner: Manner) -> Printed:
    """Return rows as a table or JSON."""
    texts: list[str] = []
    data: list[dict[str, Any]] = []
    for result in results:
        if result.rows is None:
            continue
        name = graph.entries[result.unique_id].name
        body = _preview_body(name, result, result.rows, manner)
        texts.append(body if manner.output == "json" else _titled(name, body, manner))
        data.append({"preview": body, **_described(result.unique_id, name, manner)})
    return Printed(lines=tuple(texts), data=tuple(data))


def _preview_body(
    name: str, result: StepResult, rows: tuple[tuple[Any, ...], ...], manner: Manner
) -> str:
    if manner.output != "json":
        return "\n".join(table_lines(result.column_names, rows))
    shown = [
        {key: _plain(value) for key, value in zip(result.column_names, row, strict=True)}
        for row in rows
    ]
    return _pretty({"show": shown} if manner.is_inline else {"node": name, "show": shown})


def _titled(name: str, body: str, manner: Manner) -> str:
    if manner.is_quiet:
        return body
    title = "Previewing inline node:" if manner.is_inline else f"Previewing node '{name}':"
    return f"{title}\n{body}"


def _described(unique_id: str, name: str, manner: Manner) -> dict[str, Any]:
    return {
        "is_inline": manner.is_inline,
        "node_name": name,
        "output_format": manner.output,
        "quiet": manner.is_quiet,
        "unique_id": unique_id,
    }


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
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    return str(_plain(value)).replace("\n", " ")


def _plain(value: Any) -> Any:
    """Return a value that JSON has; whole decimals stay decimals, as in `2.0`."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
