"""Compared data as text for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from upriver.project.comparing.compared import EXPLAINED, Compared, shown
from upriver.run.compare.differing import (
    ColumnChange,
    ColumnCount,
    Differing,
    KeyTrouble,
    RowExample,
)

_WIDEST = 60
"""Beyond so many characters, a value is cut."""
_BAR = 20


def table(compared: Sequence[Compared]) -> tuple[str, ...]:
    """Return lines for every resource, those that do not differ last and short."""
    different = [one for one in compared if one.differing is not None and one.is_different]
    others = [one for one in compared if one not in different]
    lines: list[str] = []
    for one in different:
        lines += [*_resource(one), ""]
    width = max((len(one.name) for one in others), default=0)
    for one in others:
        rows = one.differing.rows.here if one.differing is not None else 0
        said = f"same, {number(rows, 'row')}" if one.differing else EXPLAINED[one.status]
        lines.append(f"{one.name:<{width}}  {said}")
    return tuple(lines) if others else tuple(lines[:-1])


def _resource(one: Compared) -> Iterator[str]:
    found = one.differing
    assert found is not None  # noqa: S101 - the caller has looked
    yield f"{one.name}  {one.baseline_relation} -> {one.relation}"
    for change in found.schema:
        yield f"  column   {schema_text(change)}"
    yield f"  rows     {rows_text(found)}"
    yield f"  key      {key_text(one)}"
    yield from (f"  warning  {text}" for text in trouble_texts(found))
    if found.buckets > 1:
        yield f"  buckets  {found.differing_buckets:,} of {found.buckets:,} differ"
    yield f"  {counts_text(found)}"
    yield from _columns(found)
    yield from _rows("added", found, found.added)
    yield from _rows("added", found, found.added_whole)
    yield from _rows("removed", found, found.removed)
    yield from _rows("removed", found, found.removed_whole)


def schema_text(change: ColumnChange) -> str:
    """Say how a column of the schema changed."""
    match change.change:
        case "added":
            return f"+ {change.name} {change.after}"
        case "removed":
            return f"- {change.name} {change.before}"
        case "case":
            return f"~ {change.before} is spelled {change.after}"
        case _:
            return f"~ {change.name} {change.before} -> {change.after}"


def rows_text(found: Differing) -> str:
    """Say how many rows there were and are."""
    rows = found.rows
    change = rows.here - rows.baseline
    return f"{rows.baseline:,} -> {rows.here:,}" + (f" ({change:+,})" if change else "")


def key_text(one: Compared) -> str:
    """Say by what rows were found."""
    found = one.differing
    if found is None or not found.key:
        return "none known, so whole rows were compared; `--key` names one"
    return f"{', '.join(found.key)} ({one.key_origin})"


def counts_text(found: Differing) -> str:
    """Say how many rows changed in which way."""
    rows = found.rows
    counts = [("added", rows.added), ("removed", rows.removed)]
    if found.key:
        counts.append(("changed", rows.changed))
    counts.append(("same", rows.same))
    return ", ".join(f"{count:,} {word}" for word, count in counts)


def trouble_texts(found: Differing) -> Iterator[str]:
    """Say what is wrong with the key."""
    sides = (("baseline", found.trouble_baseline), ("target", found.trouble_here))
    for side, trouble in sides:
        if trouble.duplicates:
            yield (
                f"{number(trouble.duplicates, 'key')} of the {side} {_have(trouble)}"
                f" {number(trouble.rows, 'row')}{_such_as(found, trouble)}"
            )
        if trouble.nulls:
            yield f"{number(trouble.nulls, 'row')} of the {side} without a whole key"


def _have(trouble: KeyTrouble) -> str:
    return "has" if trouble.duplicates == 1 else "have"


def _such_as(found: Differing, trouble: KeyTrouble) -> str:
    examples = [row_text(found.key, row.values) for row in trouble.examples]
    return f", such as {'; '.join(examples)}" if examples else ""


def _columns(found: Differing) -> Iterator[str]:
    changed = changed_columns(found)
    if not changed:
        return
    width = max(len(column.name) for column in changed)
    digits = max(len(f"{column.changed:,}") for column in changed)
    most = max(column.changed for column in changed)
    for column in changed:
        bar = "#" * max(1, round(_BAR * column.changed / most))
        yield f"  {column.name:<{width}}  {column.changed:>{digits},} changed  {bar}"
        for cell in column.examples:
            key = row_text(found.key, cell.key)
            yield f"    {key}: {_cut(shown(cell.before))} -> {_cut(shown(cell.after))}"


def changed_columns(found: Differing) -> list[ColumnCount]:
    """Return the columns with changes, the most changed first."""
    changed = [column for column in found.columns if column.changed]
    return sorted(changed, key=lambda column: -column.changed)


def _rows(word: str, found: Differing, rows: Iterable[RowExample]) -> Iterator[str]:
    for row in rows:
        times = f" ({row.count} times)" if row.count > 1 else ""
        yield f"    {word} {row_text(found.compared, row.values)}{times}"


def row_text(names: Sequence[str], values: Sequence[Any]) -> str:
    """Return a row, or a key, on one line."""
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{name}={_cut(shown(value))}" for name, value in pairs)


def number(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
