"""What fails half-way leaves its relation as it was, on every warehouse (CLI-74)."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from tests.postgres_server import Server, ServerUnavailable, running_server

from upriver.cli.invoke import invoke

PROJECT = "name: shop\nversion: '1.0'\nprofile: p\nflags: {send_anonymous_usage_stats: false}\n"
BREAKS = "post_hook=('select * from no_such_table' if var('again', false) else [])"
ROWS = "(select 1 as id, 'a' as name union all select 2, 'b') as t"


class Place:
    """A project on one warehouse."""

    def __init__(self, root: Path, output: dict[str, Any], server: Server | None) -> None:
        self.root = root
        self.server = server
        root.mkdir(exist_ok=True)
        self.write("dbt_project.yml", PROJECT)
        profile = {"p": {"target": "dev", "outputs": {"dev": {**output, "schema": "half"}}}}
        self.write("profiles.yml", json.dumps(profile))

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, *args: str) -> tuple[int, str]:
        out = io.StringIO()
        ended = invoke([*args], env=self.environment(), cwd=str(self.root), stdout=out, stderr=out)
        return ended.exit_code, out.getvalue()

    def environment(self) -> dict[str, str]:
        return {"DBT_PROFILES_DIR": str(self.root), "HOME": str(self.root)}

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self._connect()) as connection:
            return list(connection.execute(sql).fetchall())

    def state(self) -> tuple[Any, ...]:
        """Return the tables of the schema with their columns, and the rows of `m`."""
        columns = self.ask(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'half' order by 1, 2"
        )
        return columns, sorted(map(str, self.ask("select * from half.m")))

    def _connect(self) -> Any:
        if self.server is None:
            return duckdb.connect(str(self.root / "wh.duckdb"))
        return psycopg.connect(
            host=self.server.host, port=self.server.port, user=self.server.user,
            password=self.server.password, dbname=self.server.database, autocommit=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server | None]:
    try:
        with running_server() as started:
            yield started
    except ServerUnavailable:
        yield None


@pytest.fixture(params=["duckdb", "postgres"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, server: Server | None
) -> Iterator[Place]:
    if request.param == "duckdb":
        yield Place(tmp_path, {"type": "duckdb", "path": "wh.duckdb"}, None)
        return
    if server is None:
        pytest.skip("no PostgreSQL server")
    made = Place(tmp_path, server.output(), server)
    with closing(made._connect()) as connection:
        connection.execute("drop schema if exists half cascade")
    yield made


def model(config: str, first: str, again: str) -> str:
    return (
        f"{{{{ config({config}) }}}} {{% if var('again', false) %}} {again} {{% else %}} {first}"
        " {% endif %}"
    )


INCREMENTAL = "materialized='incremental', unique_key='id'"
PLAIN = f"select * from {ROWS}"
OTHER = f"select id, 'new' as name from {ROWS}"
WIDER = f"select id, name, 7 as extra from {ROWS}"
FAILS = "select id, cast(name as integer) as name from " + ROWS
CASES = {
    "table, failing query": model("materialized='table'", PLAIN, FAILS),
    "table, failing hook": model(f"materialized='table', {BREAKS}", PLAIN, OTHER),
    "table over view, failing hook": model(
        f"materialized='table' if var('again', false) else 'view', {BREAKS}", PLAIN, OTHER
    ),
    "view over table, failing hook": model(
        f"materialized='view' if var('again', false) else 'table', {BREAKS}", PLAIN, OTHER
    ),
    "incremental, failing hook": model(f"{INCREMENTAL}, {BREAKS}", PLAIN, OTHER),
    "incremental, failing insert": model(
        f"{INCREMENTAL}, incremental_strategy='delete+insert',"
        " indexes=[{'columns': ['name'], 'unique': true}]",
        PLAIN, OTHER,
    ),
    "incremental, failing query": model(INCREMENTAL, PLAIN, FAILS),
    "incremental, failing after new columns": model(
        f"{INCREMENTAL}, on_schema_change='append_new_columns', {BREAKS}", PLAIN, WIDER
    ),
    "incremental, failing after columns were synced": model(
        f"{INCREMENTAL}, on_schema_change='sync_all_columns', {BREAKS}", WIDER, PLAIN
    ),
    "merge, failing hook": model(
        f"{INCREMENTAL}, incremental_strategy='merge', {BREAKS}", PLAIN, OTHER
    ),
    "full refresh, failing hook": model(
        f"{INCREMENTAL}, full_refresh=true, {BREAKS}", PLAIN, OTHER
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_model_that_fails_leaves_its_table(place: Place, case: str) -> None:
    place.write("models/m.sql", CASES[case])
    code, said = place.run("run")
    assert code == 0, said
    before = place.state()
    code, said = place.run("run", "--vars", "{again: true}")
    assert code == 1, said
    assert place.state() == before


SNAPSHOT = (
    "{% snapshot m %}{{ config(unique_key='id', strategy='check', check_cols='all',"
    f" hard_deletes='invalidate', {BREAKS}) }}}}"
    f"{{% if var('again', false) %}} {WIDER} where id = 1 {{% else %}} {PLAIN} {{% endif %}}"
    "{% endsnapshot %}"
)


def test_a_snapshot_that_fails_leaves_its_table(place: Place) -> None:
    place.write("snapshots/m.sql", SNAPSHOT)
    code, said = place.run("snapshot")
    assert code == 0, said
    before = place.state()
    assert place.run("snapshot", "--vars", "{again: true}")[0] == 1
    assert place.state() == before


@pytest.mark.parametrize("options", [(), ("--full-refresh",)])
def test_a_seed_that_fails_leaves_its_table(place: Place, options: tuple[str, ...]) -> None:
    place.write("seeds/s.yml", "seeds: [{name: m, config: {column_types: {id: integer}}}]")
    place.write("seeds/m.csv", "id,name\n1,a\n2,b\n")
    assert place.run("seed")[0] == 0
    before = place.state()
    place.write("seeds/m.csv", "id,name\n3,a\nx,b\n")
    assert place.run("seed", *options)[0] == 1
    assert place.state() == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("materialized", ["table", "incremental"])
def test_a_killed_process_leaves_the_table(place: Place, materialized: str) -> None:
    waits = (
        "select pg_sleep(4)"
        if place.server
        else "select count(*) from range(10000000000) t(i) where hash(i) = 7"
    )
    hook = f"post_hook=('{waits}' if var('again', false) else [])"
    text = model(f"materialized='{materialized}', unique_key='id', {hook}", PLAIN, OTHER)
    place.write("models/m.sql", text)
    assert place.run("run")[0] == 0
    before = place.state()
    process = subprocess.Popen(
        [sys.executable, "-m", "upriver", "run", "--vars", "{again: true}"],
        cwd=place.root, env={**os.environ, **place.environment()}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if b"START" in line:
            break
    time.sleep(1.5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert place.state() == before
    code, said = place.run("run")
    assert code == 0, said
    assert place.state()[0] == before[0]
