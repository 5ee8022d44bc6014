"""A small shop with production and development on one warehouse, DuckDB or PostgreSQL."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from tests.cli.shop_project import Said
from tests.postgres_server import Server

from upriver.cli.invoke import invoke
from upriver.project.outcome import Question

FILES = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: p\n",
    "seeds/raw.csv": "id,name,day\n1,Ada,1\n2,Grace,2\n",
    "models/stg.sql": "select id, name, day from {{ ref('raw') }}",
    "models/big.sql": "{{ config(materialized='table') }}select * from {{ ref('stg') }}",
    "models/inc.sql": (
        "{{ config(materialized='incremental', unique_key='id') }}"
        "select id, name, day, {{ 1 if is_incremental() else 0 }} as added from {{ ref('stg') }}"
        "{% if is_incremental() %} where day > (select max(day) from {{ this }}){% endif %}"
    ),
    "models/last.sql": "select count(*) as n from {{ ref('inc') }}",
    "snapshots/snap.sql": (
        "{% snapshot snap %}{{ config(unique_key='id', strategy='check', check_cols=['name']) }}"
        "select id, name from {{ ref('stg') }}{% endsnapshot %}"
    ),
}
STATE = ("--state", "prod-state")


class Place:
    """The project's directory and its warehouse."""

    def __init__(self, root: Path, server: Server | None) -> None:
        self.root = root
        self.server = server
        self.env = {"PATH": os.environ["PATH"], "HOME": str(root)}
        base: dict[str, Any] = {"type": "duckdb", "path": "wh.duckdb"}
        if server is not None:
            base = server.output()
        outputs = {name: {**base, "schema": name, "threads": 2} for name in ("dev", "prod")}
        self.write({"profiles.yml": json.dumps({"p": {"target": "dev", "outputs": outputs}})})
        self.write(FILES)

    def write(self, files: dict[str, str]) -> None:
        """Write files below the root."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def __call__(self, *args: str, ask: Any = None, **env: str) -> Said:
        """Run a command; `ask` answers questions."""
        out, err = io.StringIO(), io.StringIO()
        given = {} if ask is None else {"ask": lambda question: _answer(ask, question)}
        result = invoke(
            args, env={**self.env, **env}, cwd=str(self.root), stdout=out, stderr=err, **given
        )
        return Said(result, out.getvalue(), err.getvalue())

    def ok(self, *args: str, **env: str) -> Said:
        """Run a command that must succeed."""
        said = self(*args, **env)
        assert said.exit_code == 0, said.out + said.err
        return said

    def production(self) -> None:
        """Build everything in production, and publish it."""
        self.ok("build", "-q", "--target", "prod", "--target-path", "prod-state")

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """Run a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "upriver", *args], cwd=self.root,
            env={"PYTHONPATH": os.pathsep.join(sys.path), **self.env}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse, or change something in it."""
        connection: Any
        if self.server is None:
            connection = duckdb.connect(str(self.root / "wh.duckdb"))
        else:
            connection = psycopg.connect(
                host=self.server.host, port=self.server.port, user=self.server.user,
                password=self.server.password, dbname=self.server.database, autocommit=True,
            )  # fmt: skip
        with closing(connection):
            cursor = connection.execute(sql)
            return [] if cursor.description is None else list(cursor.fetchall())

    def kinds(self, schema: str = "dev") -> dict[str, str]:
        """Return what the relations of a schema are."""
        found = self.rows(
            "select table_name, table_type from information_schema.tables"
            f" where table_schema = '{schema}'"
        )
        return {name: "view" if kind == "VIEW" else "table" for name, kind in found}

    def results(self, target: str = "target") -> dict[str, dict[str, Any]]:
        """Return the results of the last run by name."""
        path = self.root / target / "run_results.json"
        rows = json.loads(path.read_text())["results"]
        return {row["unique_id"].rpartition(".")[2]: row for row in rows}


def _answer(ask: Any, question: Question) -> str:
    answer: str = ask(question.text)
    return answer


def made(root: Path, server: Server | None) -> Iterator[Place]:
    """Make a place, and leave nothing of it on a server."""
    place = Place(root, server)
    if server is None:
        yield place
        return
    drop = "drop schema if exists {0} cascade"
    for schema in ("dev", "prod"):
        place.rows(drop.format(schema))
    yield place
    for schema in ("dev", "prod"):
        place.rows(drop.format(schema))
