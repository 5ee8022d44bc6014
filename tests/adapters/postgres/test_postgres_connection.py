"""Statements on a real server: responses, types, listings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.postgres_server import Server

from upriver.adapters.cache import RelationCache
from upriver.adapters.contract import Connection
from upriver.adapters.postgres.adapter import adapter
from upriver.adapters.session import Session
from upriver.problems import WarehouseError
from upriver.resources.answers import ListedRelation, Response
from upriver.resources.relation import RelationName

pytestmark = pytest.mark.postgres


@pytest.fixture
def session(postgres_server: Server) -> Iterator[Session]:
    credentials, _ = adapter.parse_credentials(
        postgres_server.output(), profile="p", target="t", root="."
    )
    assert credentials is not None
    warehouse = adapter.open(credentials)
    session = Session(warehouse, RelationCache(drops_dependent_views=True))
    session.execute("drop schema if exists shop cascade; create schema shop; set search_path=shop")
    yield session
    session.close()
    warehouse.close()


def test_responses_are_those_of_dbt(session: Session):
    expected = {
        "create table t as select 1 as n union all select 2": ("SELECT 2", "SELECT", 2),
        "insert into t select 3": ("INSERT 0 1", "INSERT", 1),
        "update t set n = n + 1": ("UPDATE 3", "UPDATE", 3),
        "create view v as select n from t": ("CREATE VIEW", "CREATE VIEW", -1),
        "select n from t": ("SELECT 3", "SELECT", 3),
        "select 1; delete from t where n > 3": ("DELETE 1", "DELETE", 1),
    }
    found = {sql: session.execute(sql).response for sql in expected}
    assert found == {
        sql: Response(message=message, code=code, rows_affected=rows)
        for sql, (message, code, rows) in expected.items()
    }


def test_loaded_rows_are_reported_as_an_insert(session: Session):
    session.execute("create table t (n integer, b text)")
    sql = "insert into t values (%s, %s)"
    assert session.execute_bound(sql, [1, True]).response.message == "INSERT 0 1"
    session.execute_many(sql, [(2, "tab\tand \\N"), (3, None)])
    session.execute_many(sql, [])
    session.execute_many("insert into t values (%s + 1, %s)", [(3, "d")])
    rows = session.execute("select b from t order by n", fetch=True).rows
    assert rows == (("true",), ("tab\tand \\N",), (None,), ("d",))


def test_more_values_are_bound_than_the_protocol_takes(session: Session):
    session.execute("create table t (n integer)")
    values = ", ".join(["(%s + 0)"] * 70_000)
    session.execute_bound(f"insert into t values {values}", list(range(70_000)))
    assert session.execute("select count(*) from t", fetch=True).rows == ((70_000,),)


def test_types_of_a_query_are_named_as_dbt_names_them(session: Session):
    sql = (
        "select 1::smallint a, 1 b, 1::bigint c, 'x' d, 'x'::varchar(10) e, 1.5::numeric(4,1) f, "
        "1::real g, true h, now() i, now()::timestamp j, current_date k, '{}'::jsonb l, "
        "array[1] m, null::uuid n"
    )
    assert [column.data_type for column in session.query_columns(sql)] == [
        "INTEGER", "INTEGER", "LONGINTEGER", "TEXT", "TEXT", "DECIMAL", "FLOAT", "BOOLEAN",
        "DATETIMETZ", "DATETIME", "DATE", "JSONB", "INTEGERARRAY", "unknown type_code 2950",
    ]  # fmt: skip
    answer = session.execute("select 1::bigint a, 'x'::varchar(3) b", fetch=True)
    assert answer.column_types == ("bigint", "character varying")


def test_all_kinds_of_relations_are_listed_with_what_views_select_from(session: Session):
    session.execute(
        "create table t (n integer); create materialized view m as select n from t;"
        "create view v as select a.n from t as a join m on true;"
        "create table p (n integer) partition by list (n); create temp table hidden (n integer);"
        "create index on t (n); create sequence q; create type k as (n integer)"
    )
    found = {relation.name.identifier: relation for relation in session_listing(session)}
    kinds = {name: relation.type for name, relation in found.items()}
    assert kinds == {"t": "table", "m": "materialized_view", "v": "view", "p": "table"}
    bases = {base.identifier for base in found["v"].depends_on}
    assert bases == {"t", "m"}
    assert found["t"].depends_on == ()


def session_listing(session: Session) -> tuple[ListedRelation, ...]:
    connection: Connection | None = session._connection
    assert connection is not None
    return connection.list_relations("postgres", "shop")


def test_another_database_cannot_be_reached(session: Session):
    with pytest.raises(WarehouseError, match="`elsewhere` cannot be reached from a connection"):
        session.relations("elsewhere", "shop")


def test_vacuum_runs_outside_of_a_transaction(session: Session):
    session.execute("create table t (n integer)")
    assert session.execute("vacuum t").response.message == "VACUUM"


def test_a_rebuilt_table_takes_its_old_views_along_in_the_cache(session: Session):
    def name(identifier: str) -> RelationName:
        return RelationName(database="postgres", schema="shop", identifier=identifier)

    session.execute("create table t as select 1 as n; create view v as select n from t")
    session.relations("postgres", "shop")
    session.execute("create table t__dbt_tmp as select 2 as n", auto_begin=True)
    session.execute("alter table t rename to t__dbt_backup")
    session.cache_renamed(name("t"), name("t__dbt_backup"))
    session.execute("alter table t__dbt_tmp rename to t")
    session.cache_added(ListedRelation(name=name("t"), type="table"))
    session.commit()
    assert session.relation(name("v")) is not None
    session.execute("drop table t__dbt_backup cascade")
    session.cache_dropped(name("t__dbt_backup"))
    assert session.relation(name("v")) is None
    assert session.relation(name("t")) is not None
