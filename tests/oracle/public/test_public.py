"""Other people's projects: what dbt-core and upriver do with them is equal."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from tests.oracle.public.differing import all_differences
from tests.oracle.public.relations import DuckDB, PostgreSQL, Relations
from tests.oracle.public.staging import Entry, entries, lacking, play_dbt, play_upriver

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.xdist_group("oracle-public"),
    # Regular expressions in other people's Jinja.
    pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning"),
]

MANY = 60
"""Differences shown at once."""


def _relations(entry: Entry, request: pytest.FixtureRequest) -> Relations:
    if entry.warehouse == "duckdb":
        return DuckDB()
    return PostgreSQL(request.getfixturevalue("postgres_server").output())


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.id) for entry in entries()])
def test_public_project(
    entry: Entry, request: pytest.FixtureRequest, tmp_path: Path, counts: Counter[str]
) -> None:
    reason = lacking(entry)
    if reason is not None:
        pytest.skip(reason)
    relations = _relations(entry, request)
    dbt = play_dbt(entry, relations)
    mine = play_upriver(entry, relations, tmp_path / "ours")
    compared: Counter[str] = Counter()
    found = list(all_differences(entry, dbt, mine, compared))
    meant = (*entry.known, *entry.varying)
    left = [line for line in found if not any(re.search(p, line) for p in meant)]
    print(f"{entry.id}: {len(found) - len(left)} known differences;", dict(compared))
    counts.update(compared)
    counts["public projects"] += 1
    if left:
        pytest.fail("\n".join([f"{len(left)} differences", *left[:MANY]]), pytrace=False)
    for pattern in entry.known:
        assert any(re.search(pattern, line) for line in found), f"no longer seen: {pattern}"
