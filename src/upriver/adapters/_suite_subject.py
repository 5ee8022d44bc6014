"""What the checks of the contract suite are run on, and the few words they are written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

from upriver.adapters.cache import RelationCache
from upriver.adapters.contract import Adapter, Connection, OpenWarehouse
from upriver.adapters.session import Session
from upriver.resources.answers import ListedRelation
from upriver.resources.dialect import render_name
from upriver.resources.relation import RelationName

Ability = Literal[
    "transactions", "ddl-in-transactions", "cancel", "parallel", "kill", "cascade", "views",
    "multiple-statements",
]  # fmt: skip


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One adapter under test."""

    adapter: Adapter
    open: Callable[[], OpenWarehouse]
    """Open a warehouse onto the same database each time."""
    database: str
    schema: str
    """A schema the checks may create, fill and drop."""
    slow_sql: str
    """A query that runs for minutes unless it is interrupted."""
    steady_sql: str
    """A query that takes about a second."""
    secret: str | None = None
    """The password, which must appear nowhere."""
    kill: Callable[[Session], None] | None = None
    """Make the warehouse drop the connection of a session."""
    unsupported: frozenset[Ability] = frozenset()

    def name(self, identifier: str | None) -> RelationName:
        """Name a relation of the schema under test."""
        return RelationName(database=self.database, schema=self.schema, identifier=identifier)

    def text(self, identifier: str) -> str:
        """Write the name of a relation of the schema under test."""
        dialect = self.adapter.dialect
        return render_name(dialect, self.name(identifier), dialect.quoting)


def expect(actual: object, expected: object, what: str) -> None:
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def expect_true(holds: object, what: str) -> None:
    if not holds:
        raise AssertionError(what)


@contextmanager
def expect_error(kind: type[Exception], what: str) -> Iterator[list[str]]:
    messages: list[str] = []
    try:
        yield messages
    except kind as error:
        messages.append(str(error))
        return
    raise AssertionError(f"{what}: no {kind.__name__} was raised")


@contextmanager
def connected(subject: Subject) -> Iterator[Connection]:
    """Give a connection to a warehouse in which the schema exists and is empty."""
    warehouse = subject.open()
    try:
        connection = warehouse.connect("suite")
        empty(subject, connection)
        yield connection
        connection.close()
    finally:
        warehouse.close()


@contextmanager
def open_sessions(subject: Subject, count: int, cache: RelationCache) -> Iterator[list[Session]]:
    warehouse = subject.open()
    sessions = [Session(warehouse, cache, name=f"worker-{at}") for at in range(count)]
    try:
        connection = warehouse.connect("suite")
        empty(subject, connection)
        connection.close()
        yield sessions
        for session in sessions:
            session.close()
    finally:
        warehouse.close()


def empty(subject: Subject, connection: Connection) -> None:
    schema = subject.adapter.dialect.quote_character.join(("", subject.schema, ""))
    connection.execute(f"drop schema if exists {schema} cascade")
    connection.execute(f"create schema {schema}")


def new_cache(subject: Subject) -> RelationCache:
    return RelationCache(drops_dependent_views=subject.adapter.capabilities.drops_dependent_views)


def names_of(relations: tuple[ListedRelation, ...]) -> list[tuple[str | None, str]]:
    return sorted((found.name.identifier, found.type) for found in relations)


def one_value(connection: Connection, sql: str) -> Any:
    return connection.execute(sql, fetch=True).rows[0][0]
