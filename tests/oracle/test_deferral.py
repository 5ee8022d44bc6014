"""Deferral, case by case: dbt-core and upriver from equal starts (deferral.md 8 and 17)."""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import Any

import pytest
from tests.oracle.comparing import sql
from tests.oracle.deferral_cases import BETTER, CASES, PROJECT, Case, script
from tests.oracle.playing import Played, play_dbt, play_upriver

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

_RELATION = re.compile(r'"(\w+)"\."(\w+)"\."(\w+)"')


@functools.cache
def dbt_played() -> Played:
    """What dbt-core did in all cases."""
    return play_dbt("deferral", PROJECT, script())


@pytest.fixture(scope="session")
def upriver_played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """What upriver did in all cases."""
    return play_upriver(PROJECT, script(), tmp_path_factory.mktemp("deferral"))


def _reads(row: dict[str, Any]) -> list[str]:
    return [".".join(parts) for parts in _RELATION.findall(row["compiled_code"] or "")]


def _code(row: dict[str, Any]) -> str:
    # dbt's `show` wraps the query in a limit; upriver fetches no more rows.
    return sql(row["compiled_code"]).removesuffix("limit 5").strip()


def _seen(played: Played, case: Case) -> dict[str, Any]:
    """What a case left behind, comparable."""
    rows = played.rows(case.name)
    tables = played.results[f"{case.name}: tables"]
    return {
        "exit code": played.results[case.name]["exit_code"],
        "statuses": {key: row["status"] for key, row in rows.items()},
        "reads": {key: _reads(row) for key, row in rows.items()},
        "code": {key: _code(row) for key, row in rows.items()},
        "kinds": {name: table["kind"] for name, table in tables.items()},
        "tables": {
            # Snapshots hold the time at which they were taken.
            name: (table["kind"], table["rows"])
            for name, table in tables.items()
            if "snap" not in name
        },
    }


@pytest.mark.parametrize("case", [c for c in CASES if not c.better], ids=lambda case: case.name)
def test_case(case: Case, upriver_played: Played, counts: Counter[str]) -> None:
    theirs, ours = _seen(dbt_played(), case), _seen(upriver_played, case)
    assert ours["exit code"] == theirs["exit code"], upriver_played.results[case.name]["error"]
    # dbt leaves no results where a command ended with an exception.
    if theirs["statuses"]:
        assert ours["statuses"] == theirs["statuses"]
        assert ours["reads"] == theirs["reads"]
        assert ours["code"] == theirs["code"]
    assert ours["tables"] == theirs["tables"]
    counts["cases of deferral"] += 1


@pytest.mark.parametrize("case", [c for c in CASES if c.better], ids=lambda case: case.name)
def test_better_case(case: Case, upriver_played: Played, counts: Counter[str]) -> None:
    wanted = BETTER[case.name]
    theirs, ours = _seen(dbt_played(), case), _seen(upriver_played, case)
    assert _holds(wanted, ours), ours
    assert not _holds(wanted, theirs), "dbt does the same: this is no difference any more"
    counts["cases of deferral where upriver differs on purpose"] += 1


def _holds(wanted: dict[str, Any], seen: dict[str, Any]) -> bool:
    """Whether what was seen has at least what is wanted of it."""
    for part, value in wanted.items():
        found = seen[part]
        if isinstance(value, dict) and value:
            if any(found.get(key) != item for key, item in value.items()):
                return False
        elif found != value:
            return False
    return True


def test_every_better_case_is_stated() -> None:
    assert {case.name for case in CASES if case.better} == set(BETTER)
