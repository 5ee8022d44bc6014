"""A DuckDB database: one per process, locked, attached, written by many."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from upriver.adapters.cache import RelationCache
from upriver.adapters.contract import ConnectionLost, OpenWarehouse
from upriver.adapters.duckdb.adapter import adapter
from upriver.adapters.session import Session
from upriver.problems import WarehouseError
from upriver.resources.relation import RelationName


@contextmanager
def opened(**output: Any) -> Iterator[OpenWarehouse]:
    credentials, problems = adapter.parse_credentials(output, profile="p", target="t", root=".")
    assert credentials is not None, problems
    warehouse = adapter.open(credentials)
    try:
        yield warehouse
    finally:
        warehouse.close()


@contextmanager
def held_by_another_process(path: Path) -> Iterator[int]:
    code = f"import duckdb; c = duckdb.connect({str(path)!r}); print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.communicate(b"\n")


def make_file(path: Path, sql: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def test_a_lock_names_the_file_and_the_process_that_holds_it(tmp_path: Path):
    path = tmp_path / "locked.duckdb"
    with held_by_another_process(path) as pid, opened(path=str(path)) as warehouse:
        with pytest.raises(WarehouseError) as caught:
            warehouse.connect("w")
        assert f"`{path}` is locked by another process" in str(caught.value)
        assert f"process id {pid}" in str(caught.value)


def test_a_lock_on_an_attached_file_names_that_file(tmp_path: Path):
    path = tmp_path / "prod.duckdb"
    attach = [{"path": str(path), "alias": "prod"}]
    with held_by_another_process(path) as pid, opened(attach=attach) as warehouse:
        with pytest.raises(WarehouseError, match=f"process id {pid}") as caught:
            warehouse.connect("w")
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [("missing/dev.duckdb", None, "No such file or directory"),
     ("junk.duckdb", "not a database" * 1000, "not a valid DuckDB database")],
)  # fmt: skip
def test_a_file_that_cannot_be_opened_is_named(
    tmp_path: Path, file: str, content: str | None, words: str
):
    path = tmp_path / file
    if content is not None:
        path.write_text(content)
    with opened(path=str(path)) as warehouse:
        with pytest.raises(WarehouseError, match=words) as caught:
            warehouse.connect("w")
        assert f"cannot open `{path}`" in str(caught.value)


def test_production_in_another_file_is_read_and_never_written(tmp_path: Path):
    prod = tmp_path / "prod.duckdb"
    make_file(prod, "create schema shop; create table shop.orders as select 42 as n")
    attach = [{"path": str(prod), "alias": "production", "read_only": True}]
    with opened(path=str(tmp_path / "dev.duckdb"), attach=attach) as warehouse:
        session = Session(warehouse, RelationCache())
        name = RelationName(database="production", schema="shop", identifier="orders")
        found = session.relation(name)
        assert found is not None
        assert (found.name, found.type) == (name, "table")
        assert session.schemas("production") == ("main", "shop")
        assert session.relations("dev", "shop") == ()
        sql = "select n from production.shop.orders"
        assert session.execute(sql, fetch=True).rows == ((42,),)
        with pytest.raises(WarehouseError, match="read-only"):
            session.execute("drop table production.shop.orders")


def test_workers_write_at_the_same_time(tmp_path: Path):
    with opened(path=str(tmp_path / "dev.duckdb")) as warehouse:
        errors: list[Exception] = []

        def work(number: int) -> None:
            session = Session(warehouse, RelationCache())
            try:
                for at in range(5):
                    session.begin()
                    session.execute(f"create table t_{number}_{at} as select * from range(2000)")
                    session.commit()
            except WarehouseError as error:
                errors.append(error)
            session.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(warehouse.connect("w").list_relations("dev", "main")) == 30


def test_a_conflict_is_told_in_the_words_of_duckdb_and_leaves_no_transaction():
    with opened() as warehouse:
        first, second = (Session(warehouse, RelationCache()) for _ in range(2))
        first.execute("create table t (n integer)", auto_begin=True)
        with pytest.raises(WarehouseError, match="write-write conflict"):
            second.execute("create table t (n integer)", auto_begin=True)
        assert not second.in_transaction
        first.commit()
        assert second.execute("select count(*) from t", fetch=True).rows == ((0,),)


def test_every_cursor_has_the_settings_and_the_database_the_options():
    with opened(settings={"TimeZone": "Asia/Tokyo"}, config_options={"threads": 1}) as warehouse:
        for name in ("one", "two"):
            sql = "select current_setting('TimeZone'), current_setting('threads')"
            assert warehouse.connect(name).execute(sql, fetch=True).rows == (("Asia/Tokyo", 1),)


def test_a_setting_that_does_not_exist_is_named():
    with (
        opened(settings={"no_such_setting": 1}) as warehouse,
        pytest.raises(WarehouseError, match="no_such_setting"),
    ):
        warehouse.connect("w")


def test_extensions_are_loaded_and_a_missing_one_is_named():
    with opened(extensions=["json", {"name": "parquet", "repo": "core"}]) as warehouse:
        assert warehouse.connect("w").execute("select json('{}')", fetch=True).rows == (("{}",),)
    with (
        opened(extensions=["no_such_extension"]) as warehouse,
        pytest.raises(WarehouseError, match="no_such_extension"),
    ):
        warehouse.connect("w")


def test_secrets_are_known_to_the_database_and_not_to_its_errors():
    token = "t0p-s3cret"  # noqa: S105
    with opened(secrets=[{"type": "http", "name": "web", "bearer_token": token}]) as warehouse:
        sql = "select name from duckdb_secrets()"
        assert warehouse.connect("w").execute(sql, fetch=True).rows == (("web",),)
    with opened(secrets=[{"type": "http", f"bad_{token[:3]}": token}]) as warehouse:
        with pytest.raises(WarehouseError, match="cannot set up") as caught:
            warehouse.connect("w")
        assert token not in str(caught.value)
        assert caught.value.__context__ is None


@pytest.mark.parametrize(("keep_open", "is_locked"), [(True, True), (False, False)])
def test_the_file_is_kept_open_or_let_go_between_connections(
    tmp_path: Path,
    keep_open: bool,  # noqa: FBT001
    is_locked: bool,  # noqa: FBT001
):
    path = tmp_path / "dev.duckdb"
    code = f"import duckdb; duckdb.connect({str(path)!r})"
    with opened(path=str(path), keep_open=keep_open) as warehouse:
        warehouse.connect("w").close()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert (done.returncode != 0) is is_locked
        assert warehouse.connect("again").execute("select 1", fetch=True).rows == ((1,),)


def test_transactions_can_be_disabled():
    with opened(disable_transactions=True) as warehouse:
        session = Session(warehouse, RelationCache())
        session.execute("create table t (n integer)", auto_begin=True)
        assert not session.in_transaction
        session.rollback()
        assert len(session.relations("memory", "main")) == 1


def test_a_statement_that_is_not_fetched_runs_to_its_end():
    with opened() as warehouse:
        connection = warehouse.connect("w")
        connection.execute("create sequence s")
        connection.execute("select nextval('s') from range(100000)")
        assert connection.execute("select nextval('s')", fetch=True).rows == ((100001,),)


@pytest.mark.parametrize("sql", ["", "-- nothing", ";"])
def test_nothing_to_run_is_no_error(sql: str):
    with opened() as warehouse:
        answer = warehouse.connect("w").execute(sql, fetch=True)
        assert (answer.response.message, answer.rows) == ("OK", ())


def test_temporary_relations_are_not_listed():
    with opened() as warehouse:
        connection = warehouse.connect("w")
        connection.execute("create temp table t (n integer); create temp view v as select 1")
        assert connection.list_relations("memory", "main") == ()
        assert connection.list_relations("temp", "main") == ()


def test_columns_of_what_is_no_single_query_are_found_by_running_it():
    with opened() as warehouse:
        columns = warehouse.connect("w").query_columns("create table t as select 1; from t")
        assert [(column.name, column.data_type) for column in columns] == [("1", "INTEGER")]


def test_types_are_spelt_in_full():
    sql = "select 1.5::decimal(4,1) as d, now() as t, 'x'::varchar(10) as v"
    with opened() as warehouse:
        columns = warehouse.connect("w").query_columns(sql)
        types = [column.data_type for column in columns]
        assert types == ["DECIMAL(4,1)", "TIMESTAMP WITH TIME ZONE", "VARCHAR"]


def test_values_no_list_can_hold_are_bound_one_row_at_a_time():
    with opened() as warehouse:
        connection = warehouse.connect("w")
        connection.execute("create table t (n integer[], v varchar)")
        sql = "insert into t values (?, ?)"
        connection.execute_many(sql, [([1, 2], "a")])
        connection.execute_many(sql, [])
        connection.execute_bound(f"{sql}, (?, ?)", [[3], "b", None, "c"])
        rows = connection.execute("from t order by v", fetch=True).rows
        assert rows == (([1, 2], "a"), ([3], "b"), (None, "c"))


def test_a_transaction_that_duckdb_has_ended_already_needs_no_end():
    with opened() as warehouse:
        connection = warehouse.connect("w")
        connection.begin()
        connection._cursor.execute("commit")
        connection.commit()
        connection.begin()
        connection.rollback()
        assert not connection.in_transaction


def test_a_failed_commit_is_an_error_and_leaves_no_transaction():
    with opened() as warehouse:
        first, second = warehouse.connect("first"), warehouse.connect("second")
        first.execute("create table t (n integer primary key); insert into t values (1)")
        first.begin()
        second.begin()
        first.execute("insert into t values (2)")
        second.execute("insert into t values (2)")
        first.commit()
        with pytest.raises(WarehouseError, match=r"(?i)duplicate key|constraint|conflict"):
            second.commit()
        assert not second.in_transaction


def test_a_token_goes_to_motherduck_and_to_no_error():
    token = "t0p-s3cret"  # noqa: S105
    with (
        opened(motherduck_token=token) as warehouse,
        pytest.raises(WarehouseError, match="motherduck_token") as caught,
    ):
        warehouse.connect("w")
    assert token not in str(caught.value)


def test_a_closed_database_is_a_lost_connection():
    with opened() as warehouse:
        connection = warehouse.connect("w")
        warehouse.close()
        with pytest.raises(ConnectionLost):
            connection.execute("select 1")
