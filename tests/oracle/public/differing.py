"""What differs between what dbt-core and upriver did with a public project."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.oracle.comparing import SECTIONS, differences, resources, sql
from tests.oracle.playing import Played
from tests.oracle.public.staging import Entry


def all_differences(
    entry: Entry, dbt: Played, mine: Played, counts: Counter[str]
) -> Iterator[str]:
    """Describe every difference, and count what was compared."""
    yield from _exit_codes(entry, dbt, mine, counts)
    if dbt.results["parse"]["exit_code"] != mine.results["parse"]["exit_code"]:
        return
    yield from _manifests(dbt, mine, counts)
    yield from _selections(dbt, mine, counts)
    for command in entry.commands:
        yield from _results(entry, " ".join(command), dbt, mine, counts)
    yield from _compiled_files(entry, dbt, mine, counts)
    yield from _relations(entry, dbt, mine, counts)


def _exit_codes(entry: Entry, dbt: Played, mine: Played, counts: Counter[str]) -> Iterator[str]:
    for name in ("parse", *(" ".join(command) for command in entry.commands)):
        a, b = dbt.results[name], mine.results[name]
        if a["exit_code"] != b["exit_code"]:
            told = f"{a['error'][-600:]!r}, upriver {b['exit_code']} {b['error'][-1500:]}"
            yield f"exit code: {name}: dbt {a['exit_code']} {told}"
        counts["commands"] += 1


def _manifests(dbt: Played, mine: Played, counts: Counter[str]) -> Iterator[str]:
    a, b = dbt.artifact("parse"), mine.artifact("parse")
    if a and b:
        yield from (f"manifest: {line}" for line in differences(a, b))
        counts["manifest resources"] += sum(len(resources(a, section)) for section in SECTIONS)


def _selections(dbt: Played, mine: Played, counts: Counter[str]) -> Iterator[str]:
    for word, ids in dbt.results.get("ls", {}).items():
        others = mine.results["ls"][word]
        if ids != others:
            yield f"selection: {word}: {_only(ids, others)}"
        counts["selections"] += 1


def _only(a: Any, b: Any) -> str:
    if not isinstance(a, list) or not isinstance(b, list):
        return f"dbt {str(a)[:200]}, upriver {str(b)[:200]}"
    theirs, ours = sorted(set(a) - set(b)), sorted(set(b) - set(a))
    return f"only dbt {len(theirs)} {theirs[:5]}, only upriver {len(ours)} {ours[:5]}"


def _results(
    entry: Entry, command: str, dbt: Played, mine: Played, counts: Counter[str]
) -> Iterator[str]:
    theirs, ours = dbt.rows(command), mine.rows(command)
    # dbt leaves no results where one of them was an exception.
    if theirs and theirs.keys() != ours.keys():
        yield f"results: {command}: {_only([*theirs], [*ours])}"
    for key in sorted(theirs.keys() & ours.keys()):
        a, b = theirs[key], ours[key]
        for part in ("status", "failures", "relation_name"):
            if a[part] != b[part]:
                told = f"dbt {a[part]!r} ({a['message']}), upriver {b[part]!r} ({b['message']})"
                yield f"results: {command}: {key}: {part}: {told}"
        counts["results"] += 1
        one, other = (_masked(entry, row["compiled_code"]) for row in (a, b))
        # dbt keeps no code of a step whose compiling failed half-way.
        if one != other and (one or a["status"] not in ("error", "fail")):
            yield f"compiled: {command}: {key}: {_where(one, other)}"
        counts["compiled statements"] += bool(one)


def _where(a: str, b: str) -> str:
    """Show two texts from shortly before they part."""
    at = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    at = max(0, at - 60)
    return f"dbt ..{a[at : at + 200]!r}, upriver ..{b[at : at + 200]!r}"


def _masked(entry: Entry, text: str | None) -> str:
    single = sql(text)
    for pattern in entry.masks:
        single = re.sub(pattern, "masked", single)
    return single


def _compiled_files(
    entry: Entry, dbt: Played, mine: Played, counts: Counter[str]
) -> Iterator[str]:
    theirs, ours = (_files(played.folder / "compiled") for played in (dbt, mine))
    if theirs.keys() != ours.keys():
        yield f"compiled files: {_only([*theirs], [*ours])}"
    for path in sorted(theirs.keys() & ours.keys()):
        one, other = (_masked(entry, files[path].read_text()) for files in (theirs, ours))
        if one != other:
            yield f"compiled files: {path}: {_where(one, other)}"
        counts["compiled files"] += 1


def _files(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def _relations(entry: Entry, dbt: Played, mine: Played, counts: Counter[str]) -> Iterator[str]:
    a, b = (json.loads((played.folder / "relations.json").read_text()) for played in (dbt, mine))
    if a.keys() != b.keys():
        yield f"relations: {_only([*a], [*b])}"
    for name in sorted(a.keys() & b.keys()):
        for part in ("kind", "columns", "hashed"):
            one, other = a[name].get(part), b[name].get(part)
            if one != other:
                yield f"relations: {name}: {part}: dbt {one}, upriver {other}"
        one, other = (_steady(entry, name, found) for found in (a[name], b[name]))
        if one != other:
            only, only_ours = _apart(one, other), _apart(other, one)
            yield f"relations: {name}: {len(one)} and {len(other)} rows: {only} and {only_ours}"
        counts["relations"] += 1
        counts["rows"] += int(a[name]["hashed"][0]) if "hashed" in a[name] else len(one)


def _apart(rows: list[list[str]], others: list[list[str]]) -> list[list[str]]:
    known = {tuple(row) for row in others}
    return [row for row in rows if tuple(row) not in known][:3]


def _steady(entry: Entry, name: str, found: dict[str, Any]) -> list[list[str]]:
    """Return the rows without the columns that hold the time of the run."""
    columns = [column for column, _ in found["columns"]]
    left_out = [
        any(re.fullmatch(pattern, f"{name}.{column}") for pattern in entry.volatile)
        for column in columns
    ]
    rows = found.get("rows", [])
    if not any(left_out) or any(len(row) != len(columns) for row in rows):
        return rows
    return sorted(
        [value for value, out in zip(row, left_out, strict=True) if not out] for row in rows
    )
