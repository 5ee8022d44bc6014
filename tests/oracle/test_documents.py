"""Catalogs and the freshness of sources: what dbt-core and upriver write of them is equal."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.playing import HERE, Played, Script, play_dbt, play_upriver
from tests.postgres_server import Server

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

PROJECT = HERE / "projects" / "documented"
COMMANDS: dict[str, list[str]] = {
    "build": ["build", "--exclude", "absent"],
    "freshness": ["source", "freshness"],
    "one": ["source", "freshness", "-s", "source:raw.warned"],
    "none": ["source", "freshness", "-s", "a_view"],
    "elsewhere": ["source", "snapshot-freshness", "-s", "source:raw.mixed", "-o", "sources.json"],
    "catalog": ["docs", "generate"],
    "selected": ["docs", "generate", "-s", "a_table", "source:raw.old", "inlined"],
    "excluded": ["docs", "generate", "--exclude", "a_table", "source:raw"],
    "empty": ["docs", "generate", "--empty-catalog"],
}
AGES = ("freshness", "one", "none")
CATALOGS = ("catalog", "selected", "excluded", "empty")
PASSING = ("snapshotted_at", "max_loaded_at_time_ago_in_s", "execution_time", "thread_id")
CHANGED = "update dev.mixed set loaded_at = timestamp '2199-02-01' where id = 2"
FRESHER = {
    "fresher": ["--select", "source_status:fresher", "--state", "before"],
    "with children": ["--select", "source_status:fresher+", "--state", "before"],
}


def _script(env: dict[str, str], *, has_states: bool) -> Script:
    script: Script = []
    if has_states:
        script.append({"name": "parse", "run": ["parse"]})
    for name, command in COMMANDS.items():
        script.append({"name": name, "run": command, "env": env})
        if name in AGES:
            script.append(
                {"name": f"{name} ages", "take": ["target/sources.json", f"{name}.json"]}
            )
        elif name in CATALOGS:
            take = ["target/catalog.json", f"{name}.json"]
            script.append({"name": f"{name} taken", "take": take})
    if has_states:
        script += [
            {"name": "keep", "copy": ["sources.json", "before/sources.json"]},
            {"name": "change", "sql": ["wh.duckdb", CHANGED]},
            {"name": "again", "run": ["source", "freshness"]},
            {"name": "ls", "list": FRESHER},
        ]
    return script


@pytest.fixture(scope="module")
def duckdb_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Played]:
    script = _script({}, has_states=True)
    return (
        play_dbt("documented", PROJECT, script),
        play_upriver(PROJECT, script, tmp_path_factory.mktemp("documented")),
    )


@pytest.fixture(scope="module")
def postgres_pair(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Played, Played]:
    server = postgres_server
    env = {
        "DOCUMENTED_TARGET": "pg",
        "DOCUMENTED_HOST": server.host,
        "DOCUMENTED_PORT": str(server.port),
        "DOCUMENTED_USER": server.user,
        "DOCUMENTED_PASSWORD": server.password,
        "DOCUMENTED_DATABASE": server.database,
    }
    script = _script(env, has_states=False)
    theirs = play_dbt("documented-pg", PROJECT, script, is_kept=False)
    return theirs, play_upriver(PROJECT, script, tmp_path_factory.mktemp("documented-pg"))


@pytest.fixture(params=["duckdb_pair", pytest.param("postgres_pair", marks=pytest.mark.postgres)])
def pair(request: pytest.FixtureRequest) -> tuple[Played, Played]:
    found: tuple[Played, Played] = request.getfixturevalue(request.param)
    return found


def _read(played: Played, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(played.folder) / f"{name}.json").read_text())
    return found


def test_exit_codes(pair: tuple[Played, Played], counts: Counter[str]) -> None:
    dbt, mine = pair
    for name in COMMANDS:
        a, b = dbt.results[name], mine.results[name]
        assert a["exit_code"] == b["exit_code"], (name, a["error"][-1500:], b["error"][-3000:])
        counts["commands"] += 1


@pytest.mark.parametrize("name", AGES)
def test_ages(pair: tuple[Played, Played], name: str, counts: Counter[str]) -> None:
    dbt, mine = (_read(played, name) for played in pair)
    assert dbt.keys() == mine.keys()
    assert dbt["metadata"].keys() == mine["metadata"].keys()
    assert _ages(dbt) == _ages(mine)
    counts["ages of sources"] += len(dbt["results"])


def _ages(sources: dict[str, Any]) -> dict[str, Any]:
    """Rows by source, without what depends on the moment but with its keys."""
    rows = {}
    for row in sources["results"]:
        kept = {key: value for key, value in row.items() if key not in PASSING}
        timing = [one["name"] for one in row["timing"]]
        rows[row["unique_id"]] = {**kept, "timing": timing, "keys": sorted(row)}
    return rows


@pytest.mark.parametrize("name", CATALOGS)
def test_catalogs(pair: tuple[Played, Played], name: str, counts: Counter[str]) -> None:
    dbt, mine = (_read(played, name) for played in pair)
    assert dbt["metadata"].keys() == mine["metadata"].keys()
    for section in ("nodes", "sources", "errors"):
        assert dbt[section] == mine[section]
    for section in ("nodes", "sources"):
        for key, table in dbt[section].items():
            assert list(table["columns"]) == list(mine[section][key]["columns"])
    counts["catalog entries"] += len(dbt["nodes"]) + len(dbt["sources"])


def test_fresher_sources(duckdb_pair: tuple[Played, Played]) -> None:
    dbt, mine = (played.results["ls"] for played in duckdb_pair)
    assert dbt == mine
    assert "source.documented.raw.mixed" in mine["fresher"]
