"""Runs on PostgreSQL: transactions, cascades, and words that differ from DuckDB's."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.postgres_server import Server
from tests.run.running import Ran, SmallProject

from upriver.adapters.postgres.adapter import adapter
from upriver.run.events import StepStarted
from upriver.run.execute import execute
from upriver.run.stop import Stop

pytestmark = pytest.mark.postgres


class PostgresProject(SmallProject):
    def __init__(self, root: Any, server: Server) -> None:
        super().__init__(
            root, adapter=adapter, output=server.output(schema="dev"), database=server.database
        )
        self.server = server

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            host=self.server.host, port=self.server.port, user=self.server.user,
            password=self.server.password, dbname=self.server.database, autocommit=True,
        ) as connection:  # fmt: skip
            cursor = connection.execute(sql)  # type: ignore[arg-type] # the tests' own text
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def project(tmp_path: Any, postgres_server: Server) -> Iterator[PostgresProject]:
    made = PostgresProject(tmp_path, postgres_server)
    yield made
    made.rows("drop schema if exists dev cascade")


def test_everything_is_built(project):
    s = project.seed("s", "id,name\n1,a\n2,\n")
    a = project.model("a", "select * from {{ ref('s') }}", s, materialized="table")
    b = project.model("b", "select * from {{ ref('a') }}", a)
    project.model(
        "c", "select id from {{ ref('b') }}", b, materialized="incremental",
        incremental_strategy="append",
    )  # fmt: skip
    project.snapshot("n", "select * from {{ ref('s') }}", s, strategy="check",
                     check_cols="all", unique_key="id")  # fmt: skip
    project.generic("unique", a, "id")
    t = project.unit_test(
        "t", b, [{"input": "ref('a')", "rows": [{"id": 7}]}], {"rows": [{"id": 7}]}
    )
    ran = project.run("build", *(i for i in project.nodes if i != t))
    assert {r.message for r in ran.results.values() if r.status == "error"} == set()
    assert ran["a"].message == "SELECT 2"
    assert ran["b"].message == "CREATE VIEW"
    assert project.run("test", t).statuses == {"t": "pass"}
    again = project.run("build", *(i for i in project.nodes if i != t))
    assert {r.message for r in again.results.values() if r.status == "error"} == set()
    assert project.rows("select count(*) from dev.c") == [(4,)]
    assert project.rows("select count(*) from dev.n") == [(2,)]


def test_a_failing_rebuild_leaves_the_old_table_and_its_views(project):
    a = project.model("a", "select 1 as id", materialized="table")
    b = project.model("b", "select * from {{ ref('a') }}", a)
    project.run("run")
    hook = [{"sql": "select nope", "transaction": True, "index": None}]
    project.model("a", "select 2 as id", materialized="table", **{"post-hook": hook})
    ran = project.run("run", a)
    assert ran["a"].message.startswith("Database Error in model a (models/a.sql)\n")
    assert project.rows("select * from dev.b") == [(1,)]
    project.model("a", "select 3 as id", materialized="table")
    assert project.run("run", a, b).statuses == {"a": "success", "b": "success"}
    assert project.rows("select * from dev.b") == [(3,)]


def test_a_stop_cancels_a_running_query(project):
    slow = project.model("slow", "select pg_sleep(30)::text as t", materialized="table")
    stop = Stop()
    setting = project.setting(stop=stop)
    events = []
    for event in execute(project.plan("run"), setting):
        events.append(event)
        if isinstance(event, StepStarted) and event.unique_id == slow:
            threading.Timer(0.3, stop.request).start()
    setting.warehouse.close()
    assert Ran(events).statuses == {"slow": "error"}
    assert events[-1].is_interrupted
    assert events[-1].elapsed < 10


def test_hooks_keep_what_they_do(project):
    outside = [{"sql": "vacuum dev.h", "transaction": False, "index": None}]
    project.model("a", "select 1 as id", materialized="table", **{"pre-hook": outside})
    project.hook("start", 0, "create table dev.h as select 1 as n;")
    project.hook("end", 0, "insert into dev.h select {{ results | length }} + 1")
    ran = project.run("run")
    assert {r.message for r in ran.results.values() if r.status == "error"} == set()
    assert project.rows("select n from dev.h order by n") == [(1,), (2,)]


def test_parallel_models_on_one_server(project):
    names = [f"m{n}" for n in range(8)]
    for name in names:
        project.model(name, "select 1 as id", materialized="table")
    ran = project.run("run", threads=4)
    assert ran.statuses == dict.fromkeys(names, "success")
