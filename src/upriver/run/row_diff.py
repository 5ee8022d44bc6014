"""Showing how two tables differ, for a unit test that failed (PROJ-218, PROJ-219).

Rows are compared as multisets. Rows that have no equal on the other side are paired with the most
similar one, so that a changed cell reads `expected→actual`; what finds no partner was not expected
(`+++`) or is missing (`---`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

Row = tuple[Any, ...]

_SHOWN_UNCHANGED = 20
"""Unchanged rows are shown for orientation where the tables are small."""
_PAIRED = 200
"""Beyond so many differing rows they are not paired: finding partners is quadratic."""


def diff_rows(names: Sequence[str], expected: Sequence[Row], actual: Sequence[Row]) -> str | None:
    """Return the difference as lines of text; None when both hold the same rows."""
    same, missing, extra = _split(expected, actual)
    if not missing and not extra:
        return None
    lines: list[tuple[str, ...]] = [("@@", *names)]
    if len(same) <= _SHOWN_UNCHANGED:
        lines.extend(("", *map(_text, row)) for row in same)
    for old, new in _pairs(missing, extra):
        if old is None:
            lines.append(("+++", *map(_text, new or ())))
        elif new is None:
            lines.append(("---", *map(_text, old)))
        else:
            lines.append(("→", *map(_change, old, new)))
    return _aligned(lines)


def _split(
    expected: Sequence[Row], actual: Sequence[Row]
) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows both have, those only expected, and those only found."""
    wanted, found = Counter(map(_key, expected)), Counter(map(_key, actual))
    both = wanted & found
    same, missing = _take(expected, both)
    return same, missing, _take(actual, both)[1]


def _take(rows: Sequence[Row], both: Counter[Row]) -> tuple[list[Row], list[Row]]:
    left = both.copy()
    taken: list[Row] = []
    others: list[Row] = []
    for row in rows:
        key = _key(row)
        if left[key] > 0:
            left[key] -= 1
            taken.append(row)
        else:
            others.append(row)
    return taken, others


def _pairs(missing: list[Row], extra: list[Row]) -> list[tuple[Row | None, Row | None]]:
    partners = list(extra)
    pairs: list[tuple[Row | None, Row | None]] = []
    is_small = len(missing) <= _PAIRED and len(extra) <= _PAIRED
    for row in missing:
        best = _most_similar(row, partners) if is_small else None
        if best is not None:
            partners.remove(best)
        pairs.append((row, best))
    pairs.extend((None, row) for row in partners)
    return pairs


def _most_similar(row: Row, candidates: list[Row]) -> Row | None:
    """Return the candidate that has most cells in common, if it has any."""
    best, most = None, 0
    key = _key(row)
    for candidate in candidates:
        common = sum(one == other for one, other in zip(key, _key(candidate), strict=False))
        if common > most:
            best, most = candidate, common
    return best


def _key(row: Row) -> Row:
    """Cells as text, since lists and dicts of nested types cannot be hashed."""
    return tuple(None if cell is None else _text(cell) for cell in row)


def _text(cell: Any) -> str:
    return "NULL" if cell is None else str(cell)


def _change(old: Any, new: Any) -> str:
    before, after = _text(old), _text(new)
    return before if before == after else f"{before}→{after}"


def _aligned(lines: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        ",".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
