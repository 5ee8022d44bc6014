"""Projects made for one feature area each: what dbt-core and upriver do with them is equal."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.comparing import SECTIONS, differences, resources, semantic, sql
from tests.oracle.features import Directions, directions_of, ours, script_of, theirs
from tests.oracle.playing import Played, own_projects

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

MANY = 40
"""Differences shown at once."""
Pair = tuple[Directions, Played, Played]


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ours")


@pytest.fixture(params=own_projects())
def pair(request: pytest.FixtureRequest, out: Path) -> Pair:
    """A project's directions, and what dbt and upriver did with it."""
    name = request.param
    dbt = theirs(name)
    assert dbt.results["parse"]["exit_code"] == 0, dbt.results["parse"]["error"]
    return directions_of(name), dbt, ours(name, out / name)


def _commands(directions: Directions) -> Iterator[str]:
    yield from (step["name"] for step in script_of(directions) if "run" in step)


def _require_none(found: list[str], directions: Directions) -> None:
    """Fail with the differences, save those that are meant."""
    left = [line for line in found if not any(re.search(p, line) for p in directions.known)]
    if left:
        pytest.fail("\n".join([f"{len(left)} differences", *left[:MANY]]), pytrace=False)


def test_exit_codes(pair: Pair, counts: Counter[str]) -> None:
    directions, dbt, mine = pair
    for name in _commands(directions):
        a, b = dbt.results[name], mine.results[name]
        assert a["exit_code"] == b["exit_code"], (name, a["error"][-1500:], b["error"][-3000:])
        counts["commands"] += 1
    counts["projects"] += 1


def test_manifests(pair: Pair, counts: Counter[str]) -> None:
    directions, dbt, mine = pair
    a, b = dbt.artifact("parse"), mine.artifact("parse")
    _require_none(list(differences(a, b)), directions)
    counts["manifest resources"] += sum(len(resources(a, section)) for section in SECTIONS)


def test_semantic_manifests(pair: Pair, counts: Counter[str]) -> None:
    directions, dbt, mine = pair
    if directions.has_semantic_layer:
        a, b = (
            json.loads((one.folder / "semantic_manifest.json").read_bytes()) for one in (dbt, mine)
        )
        assert semantic(a) == semantic(b)
        counts["semantic resources"] += len(a["metrics"]) + len(a["semantic_models"])


def test_selections(pair: Pair, counts: Counter[str]) -> None:
    directions, dbt, mine = pair
    asked = dbt.results.get("ls", {})
    wrong = [
        f"{args}: {_set_difference(ids, mine.results['ls'][args])}"
        for args, ids in asked.items()
        if ids != mine.results["ls"][args]
    ]
    _require_none(wrong, directions)
    counts["selections"] += len(asked)


def _set_difference(a: Any, b: Any) -> str:
    if not isinstance(a, list) or not isinstance(b, list):
        return f"dbt {a}, upriver {b}"
    return f"only dbt {sorted(set(a) - set(b))}, only upriver {sorted(set(b) - set(a))}"


def test_compiled_sql(pair: Pair, counts: Counter[str]) -> None:
    directions, dbt, mine = pair
    wrong = []
    for name in _commands(directions):
        theirs_, ours_ = dbt.rows(name), mine.rows(name)
        for key in theirs_.keys() & ours_.keys():
            a, b = (_code(rows[key]["compiled_code"]) for rows in (theirs_, ours_))
            # dbt keeps no code of a step whose compiling failed half-way.
            if a != b and (a or theirs_[key]["status"] not in ("error", "fail")):
                wrong.append(f"{name}: {key}: dbt {a!r}, upriver {b!r}")
            counts["compiled statements"] += bool(a)
    _require_none(wrong, directions)


_ADDED = re.compile(r"# (?:This part is user provided|Added by upriver)")
_TOLD = re.compile(
    r"^\s*(?:refs|sources|config_dict|meta_dict|self.is_incremental|identifier) = .*"
)


def _code(text: str | None) -> str:
    """Return SQL as it is compared; of a Python model, its own code and what it is told."""
    if text is None or "class dbtObj" not in text:
        return sql(text)
    own, *added = _ADDED.split(text, maxsplit=1)
    told = [line.strip() for line in added[0].splitlines() if _TOLD.match(line)]
    return "\n".join([own.strip(), *told])


COMPARED = ("status", "failures", "message", "relation_name", "batch_results")


def test_results(pair: Pair, counts: Counter[str]) -> None:
    directions, dbt, mine = pair
    wrong = []
    for name in _commands(directions):
        theirs_, ours_ = dbt.rows(name), mine.rows(name)
        # dbt leaves no results where one of them was an exception.
        if theirs_ and theirs_.keys() != ours_.keys():
            wrong.append(f"{name}: {_set_difference([*theirs_], [*ours_])}")
        for key in sorted(theirs_.keys() & ours_.keys()):
            for part in COMPARED:
                a, b = (_result(rows[key], part) for rows in (theirs_, ours_))
                if a != b:
                    wrong.append(f"{name}: {key}: {part}: dbt {a!r}, upriver {b!r}")
            counts["results"] += 1
    _require_none(wrong, directions)


def _result(row: dict[str, Any], part: str) -> Any:
    value = row[part]
    if part == "message" and row["batch_results"] is not None:
        # upriver says why, too.
        return value.splitlines()[0]
    if part == "message" and row["status"] == "error":
        # The warehouse's words are compared; either program says the rest in its own.
        found = re.search(
            r"^\s*((?!Runtime|Database|Compilation)\w+ Error: .*)", value, re.MULTILINE
        )
        return found[1] if found else ""
    if part == "message" and isinstance(value, str) and "differs from expected" in value:
        # The same rows are shown; which comes first is not told.
        return sorted(value.split())
    return value


def test_tables(pair: Pair, counts: Counter[str]) -> None:
    directions, dbt, mine = pair
    wrong = []
    for name in (step["name"] for step in script_of(directions) if "dump" in step):
        a, b = dbt.results[name], mine.results[name]
        if a.keys() != b.keys():
            wrong.append(f"{name}: {_set_difference([*a], [*b])}")
        for table in sorted(a.keys() & b.keys()):
            wrong += _table_differences(f"{name}: {table}", a[table], b[table], directions.times)
            counts["tables"] += 1
            rows = a[table]["rows"]
            counts["rows"] += int(rows["hashed"][0]) if "hashed" in rows else len(rows)
    _require_none(wrong, directions)


def _table_differences(where: str, a: Any, b: Any, times: tuple[str, ...]) -> Iterator[str]:
    for part in ("kind", "comment", "columns", "constraints", "grants"):
        if a.get(part) != b.get(part):
            yield f"{where}: {part}: dbt {a.get(part)}, upriver {b.get(part)}"
    rows, others = (_timeless(table, times) for table in (a, b))
    if rows != others and isinstance(rows, list) and isinstance(others, list):
        only = [row for row in rows if row not in others][:5]
        only_ours = [row for row in others if row not in rows][:5]
        yield f"{where}: rows: {len(rows)} and {len(others)}: dbt {only}, upriver {only_ours}"
    elif rows != others:
        yield f"{where}: rows: dbt {rows}, upriver {others}"


def _timeless(table: Any, times: tuple[str, ...]) -> Any:
    """Leave out the times of the run, and what is made of them."""
    if not isinstance(table["rows"], list):
        return table["rows"]
    names = [column[0] for column in table["columns"]]
    return sorted(
        _without_clock(dict(zip(names, row, strict=True)), times) for row in table["rows"]
    )


def _without_clock(row: dict[str, str], times: tuple[str, ...]) -> list[str]:
    clock = {name for name in times if re.match(r"20(2[5-9]|[3-9]\d)-", row.get(name, ""))}
    hashes = {name for name in times if clock and re.fullmatch(r"[0-9a-f]{32}", row.get(name, ""))}
    return ["a time" if name in clock | hashes else value for name, value in row.items()]
