"""The contract suite on every adapter of the package, PostgreSQL on a server of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.postgres_server import Server

from upriver.adapters._suite_subject import expect, expect_error, expect_true
from upriver.adapters.contract import Adapter, OpenWarehouse
from upriver.adapters.duckdb.adapter import adapter as duckdb_adapter
from upriver.adapters.postgres.adapter import adapter as postgres_adapter
from upriver.adapters.session import Session
from upriver.adapters.suite import Ability, Check, Subject, checks_for
from upriver.problems import WarehouseError

DUCKDB_LACKS: frozenset[Ability] = frozenset({"cascade", "kill"})


def open_warehouse(adapter: Adapter, output: dict[str, Any]) -> OpenWarehouse:
    credentials, problems = adapter.parse_credentials(
        output, profile="suite", target="dev", root="."
    )
    assert credentials is not None, problems
    return adapter.open(credentials)


@pytest.mark.parametrize("check", checks_for(DUCKDB_LACKS), ids=lambda check: check.name)
def test_duckdb_keeps_the_contract(check: Check, tmp_path: Path):
    output = {"type": "duckdb", "path": str(tmp_path / "suite.duckdb")}
    check.run(
        Subject(
            adapter=duckdb_adapter,
            open=partial(open_warehouse, duckdb_adapter, output),
            database="suite",
            schema="checked",
            slow_sql="select sum(hash(a.range)) from range(9000000) a, range(9000000) b",
            steady_sql="select sum(hash(a.range)) from range(30000) a, range(8000) b",
            unsupported=DUCKDB_LACKS,
        )
    )


@pytest.mark.postgres
@pytest.mark.parametrize("check", checks_for(), ids=lambda check: check.name)
def test_postgres_keeps_the_contract(check: Check, postgres_server: Server):
    open_postgres = partial(open_warehouse, postgres_adapter, postgres_server.output())

    def kill(session: Session) -> None:
        answer = session.execute("select pg_backend_pid()", fetch=True)
        warehouse = open_postgres()
        warehouse.connect("killer").execute(f"select pg_terminate_backend({answer.rows[0][0]})")
        warehouse.close()

    check.run(
        Subject(
            adapter=postgres_adapter,
            open=open_postgres,
            database=postgres_server.database,
            schema="checked",
            slow_sql="select pg_sleep(300)",
            steady_sql="select pg_sleep(0.6)",
            secret=postgres_server.password,
            kill=kill,
        )
    )


def test_a_check_says_what_it_expected():
    with pytest.raises(AssertionError, match="rows: expected 1, got 2"):
        expect(2, 1, "rows")
    with pytest.raises(AssertionError, match="too late"):
        expect_true(False, "too late")
    with (
        pytest.raises(AssertionError, match="a bad query: no WarehouseError was raised"),
        expect_error(WarehouseError, "a bad query"),
    ):
        pass


def test_a_subject_without_a_way_to_kill_cannot_be_killed(tmp_path: Path):
    (check,) = (check for check in checks_for() if check.needs == {"kill"})
    output = {"type": "duckdb", "path": str(tmp_path / "suite.duckdb")}
    subject = Subject(
        adapter=duckdb_adapter,
        open=partial(open_warehouse, duckdb_adapter, output),
        database="suite",
        schema="checked",
        slow_sql="",
        steady_sql="",
    )
    with pytest.raises(AssertionError, match="cannot kill"):
        check.run(subject)
