"""A worker's session: what it reports, adds to statements, and refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from upriver.adapters.cache import RelationCache
from upriver.adapters.contract import ConnectionLost, OpenWarehouse
from upriver.adapters.duckdb.adapter import adapter
from upriver.adapters.session import Session, list_schemas_concurrently
from upriver.jinja.world import Warehouse
from upriver.problems import WarehouseError
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import RelationName


@pytest.fixture
def warehouse() -> Iterator[OpenWarehouse]:
    credentials, _ = adapter.parse_credentials({}, profile="p", target="t", root=".")
    assert credentials is not None
    opened = adapter.open(credentials)
    yield opened
    opened.close()


def name(identifier: str | None) -> RelationName:
    return RelationName(database="memory", schema="main", identifier=identifier)


def test_a_session_is_what_templates_call_the_warehouse(warehouse: OpenWarehouse):
    session: Warehouse = Session(warehouse, RelationCache())
    assert session.schemas("memory") == ("main",)
    assert [column.data_type for column in session.query_columns("select 1 as a")] == ["INTEGER"]


def test_statements_are_reported_with_their_comment_and_the_name(warehouse: OpenWarehouse):
    seen: list[tuple[str, str, bool]] = []
    session = Session(
        warehouse,
        RelationCache(),
        name="master",
        on_query=lambda sql, name, seconds, _: seen.append((sql, name, seconds is not None)),
        comment=lambda sql: f"/* {sql.split()[0]} */ {sql}",
    )
    session.execute("select 1", auto_begin=True)
    session.begin()
    session.name = "model.shop.orders"
    session.commit()
    session.commit()
    assert seen == [
        ("BEGIN", "master", False),
        ("BEGIN", "master", True),
        ("/* select */ select 1", "master", False),
        ("/* select */ select 1", "master", True),
        ("COMMIT", "model.shop.orders", False),
        ("COMMIT", "model.shop.orders", True),
    ]


@pytest.mark.parametrize("status", ["ERROR", "CANCELLED"])
def test_a_statement_that_failed_is_reported_as_ended(warehouse: OpenWarehouse, status: str):
    seen: list[str] = []
    session = Session(
        warehouse, RelationCache(), on_query=lambda _sql, _name, _seconds, said: seen.append(said)
    )
    session.execute("select 1")

    def interrupt(sql: str) -> str:
        # As a stop does it, from another thread, while the statement runs.
        if status == "CANCELLED":
            session.cancel()
        return sql

    session.comment = interrupt
    with pytest.raises(WarehouseError, match="nope"):
        session.execute("select nope")
    assert seen == ["", "OK", "", status]


@pytest.mark.parametrize(("ending", "expected"), [("commit;", ["made"]), ("rollback;", [])])
def test_sql_that_ends_the_transaction_settles_or_undoes_the_cache(
    warehouse: OpenWarehouse, ending: str, expected: list[str]
):
    session = Session(warehouse, RelationCache(), comment=lambda sql: f"/* c */ {sql}")
    session.relations("memory", "main")
    session.execute("create table made (n integer)", auto_begin=True)
    session.cache_added(ListedRelation(name=name("made"), type="table"))
    session.execute(ending)
    session.rollback()
    found = [relation.name.identifier for relation in session.relations("memory", "main")]
    assert found == expected


def test_a_listing_made_inside_a_rolled_back_transaction_is_forgotten(warehouse: OpenWarehouse):
    session = Session(warehouse, RelationCache())
    session.execute("create table made (n integer)", auto_begin=True)
    assert session.relation(name("MADE")) == ListedRelation(name=name("made"), type="table")
    session.rollback()
    assert session.relation(name("made")) is None


def test_a_dropped_schema_is_empty(warehouse: OpenWarehouse):
    session = Session(warehouse, RelationCache())
    session.cache_added(ListedRelation(name=name("made"), type="table"))
    session.cache_schema_dropped("memory", "main")
    assert session.relations("memory", "main") == ()


def test_nothing_is_opened_before_the_first_statement(warehouse: OpenWarehouse):
    session = Session(warehouse, RelationCache())
    assert session.in_transaction is False
    session.commit()
    session.rollback()
    session.cancel()
    session.close()
    with pytest.raises(WarehouseError, match="cancelled before this statement"):
        session.execute("select 1")


def test_values_are_bound_in_a_transaction(warehouse: OpenWarehouse):
    session = Session(warehouse, RelationCache(), comment=lambda sql: f"{sql} /* c */")
    session.execute("create table seeds (n integer, t varchar)")
    session.execute_bound("insert into seeds values (%s, %s)", [1, "a"], auto_begin=True)
    assert session.in_transaction
    session.execute_many("insert into seeds values (?, ?)", [(2, "b"), (3, "c")])
    session.commit()
    answer = session.execute("select count(*), max(t) from seeds", fetch=True)
    assert answer.rows == ((3, "c"),)


class Breaking:
    """A warehouse whose connections fail in a chosen way once a transaction is open."""

    def __init__(self, error: WarehouseError) -> None:
        self.error = error
        self.in_transaction = False
        self.is_closed = False

    def connect(self, _name: str) -> Breaking:
        return self

    def list_relations(self, _database: str, _schema: str) -> tuple[ListedRelation, ...]:
        return ()

    def begin(self) -> None:
        self.in_transaction = True

    def execute(self, _sql: str, **_options: object) -> None:
        raise WarehouseError("first")

    def rollback(self) -> None:
        raise self.error

    def close(self) -> None:
        self.in_transaction = False
        self.is_closed = True


@pytest.mark.parametrize("error", [ConnectionLost("gone"), WarehouseError("no rollback")])
def test_a_session_that_cannot_roll_back_shows_the_first_error_and_starts_anew(
    error: WarehouseError,
):
    warehouse = Breaking(error)
    session = Session(warehouse, RelationCache())  # type: ignore[arg-type]
    session.begin()
    session.cache_added(ListedRelation(name=name("made"), type="table"))
    with pytest.raises(WarehouseError, match="first"):
        session.execute("select 1")
    assert warehouse.is_closed
    assert session.relations("memory", "main") == ()


def test_the_first_error_of_a_concurrent_listing_is_raised():
    class Refusing:
        def connect(self, name: str) -> object:
            raise WarehouseError(f"no connection for {name}")

        def close(self) -> None:
            pass

    sessions = [Session(Refusing(), RelationCache(), name=f"w{at}") for at in range(2)]  # type: ignore[arg-type]
    with pytest.raises(WarehouseError, match="no connection for w"):
        list_schemas_concurrently(sessions, [name(None)])


def test_listing_no_schema_needs_no_connection(warehouse: OpenWarehouse):
    assert list_schemas_concurrently([Session(warehouse, RelationCache())], []) == {}
