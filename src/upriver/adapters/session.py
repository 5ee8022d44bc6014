"""One worker's door to the warehouse, with the relation cache all workers share.

A `Session` is what templates see as `Warehouse` (`jinja/world.py`). It connects on first use, adds
the query comment, reports every statement, and keeps the shared cache true: what a transaction
told the cache is taken back when that transaction is rolled back. A failed statement rolls back
the open transaction, as dbt does, so a session is usable again after every error.

A session is used by one thread at a time; only `cancel` may be called from another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from upriver.adapters.cache import Ask, Change, RelationCache
from upriver.adapters.contract import (
    Connection,
    ConnectionLost,
    ConnectionRefused,
    OpenWarehouse,
    PythonJob,
)
from upriver.adapters.transactions import rolls_back
from upriver.problems import WarehouseError
from upriver.resources.answers import Answer, ColumnType, ListedRelation
from upriver.resources.relation import RelationName

OnQuery = Callable[[str, str, float | None, str], None]
"""Called with SQL, session name and None when a statement starts, and seconds when it ended."""
Comment = Callable[[str], str]
"""Adds the query comment to a statement (PROJ-246)."""
Guard = Callable[[str], None]
"""Looks at a statement before it is sent, and raises for one that must not be."""
Schema = tuple[str | None, str]
T = TypeVar("T")


class Session:
    """A worker's session; satisfies `jinja.world.Warehouse`."""

    def __init__(
        self,
        warehouse: OpenWarehouse,
        cache: RelationCache,
        *,
        name: str = "master",
        on_query: OnQuery | None = None,
        comment: Comment | None = None,
    ) -> None:
        self.name = name
        """Shown with each statement; the worker sets it to the step's unique_id."""
        self.comment = comment
        """The worker may set it per step."""
        self.guard: Guard | None = None
        """The worker may set it per step."""
        self._warehouse = warehouse
        self._cache = cache
        self._on_query = on_query
        self._connection: Connection | None = None
        self._changes: list[Change] = []
        self._listed_inside: list[Schema] = []
        """Schemas listed inside the open transaction: their listings show uncommitted work."""
        self._is_cancelled = False
        self._siblings: list[Session] = []

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and not ended."""
        return self._connection is not None and self._connection.in_transaction

    def execute(
        self, sql: str, *, fetch: bool = False, limit: int | None = None, auto_begin: bool = False
    ) -> Answer:
        """Run SQL; `auto_begin` begins a transaction first where none is open."""
        connection = self._connect()
        if auto_begin:
            self.begin()
        text = self._text(sql)
        return self._run(text, lambda: connection.execute(text, fetch=fetch, limit=limit))

    def execute_bound(
        self, sql: str, bindings: Sequence[Any], *, auto_begin: bool = False
    ) -> Answer:
        """Run SQL with values for its `%s` or `?` placeholders (`adapter.add_query`)."""
        connection = self._connect()
        if auto_begin:
            self.begin()
        text = self._text(sql)
        return self._run(text, lambda: connection.execute_bound(text, bindings))

    def execute_many(self, sql: str, rows: list[tuple[Any, ...]]) -> Answer:
        """Run one statement for each row, the fastest way the warehouse has (seeds)."""
        connection = self._connect()
        text = self._text(sql)
        return self._run(text, lambda: connection.execute_many(text, rows))

    def run_python(self, job: PythonJob) -> Answer:
        """Run a Python model in a transaction."""
        connection = self._connect()
        self.begin()
        return self._run(job.code, lambda: connection.run_python(job))

    def begin(self) -> None:
        """Begin a transaction; nothing where one is open."""
        connection = self._connect()
        if not connection.in_transaction:
            self._run("BEGIN", connection.begin)

    def commit(self) -> None:
        """Commit; nothing where none is open."""
        connection = self._connection
        if connection is not None and connection.in_transaction:
            self._run("COMMIT", connection.commit)
        self._settle()

    def rollback(self) -> None:
        """Roll back, and take back what the transaction told the cache."""
        connection = self._connection
        if connection is not None and connection.in_transaction:
            try:
                self._report("ROLLBACK", connection.rollback)
            except ConnectionLost:
                self._drop_connection()
        self._undo()

    def relations(self, database: str | None, schema: str) -> tuple[ListedRelation, ...]:
        """List a schema: from the cache, or by asking once. A missing schema is empty."""
        return self._cache.listing(database, schema, self._ask(database, schema))

    def list_functions(self, database: str | None, schema: str) -> tuple[str, ...]:
        """List the functions of a schema."""
        connection = self._connect()
        return self._guard(lambda: connection.list_functions(database, schema))

    def relation(self, name: RelationName) -> ListedRelation | None:
        """Find one relation: its exact spelling, else the only one that differs in case."""
        return self._cache.find(name, self._ask_for(name))

    def cache_added(self, relation: ListedRelation) -> None:
        """Tell the cache that a relation exists now."""
        owner = self if self.in_transaction else None
        self._record(self._cache.added(relation, self._ask_for(relation.name), owner))

    def cache_dropped(self, name: RelationName) -> None:
        """Tell the cache that a relation is gone."""
        self._record(self._cache.dropped(name, self._ask_for(name)))

    def cache_renamed(self, old: RelationName, new: RelationName) -> None:
        """Tell the cache that a relation has another name now."""
        self._record(self._cache.renamed(old, new, self._ask_for(old), self._ask_for(new)))

    def cache_schema_dropped(self, database: str | None, schema: str) -> None:
        """Tell the cache that a schema is gone with everything in it."""
        self._cache.schema_dropped(database, schema)

    def schemas(self, database: str | None) -> tuple[str, ...]:
        """List the schemas of a database; asked of the warehouse each time."""
        connection = self._connect()
        return self._guard(lambda: connection.list_schemas(database))

    def query_columns(self, sql: str) -> tuple[ColumnType, ...]:
        """Return the columns a query would give, without running it over rows."""
        if self.guard is not None:
            self.guard(sql)
        connection = self._connect()
        return self._guard(lambda: connection.query_columns(sql))

    def cancel(self) -> None:
        """Interrupt the running statement and refuse further ones; callable from any thread."""
        self._is_cancelled = True
        for sibling in tuple(self._siblings):
            sibling.cancel()
        connection = self._connection
        if connection is not None:
            connection.cancel()

    def connect(self) -> None:
        """Connect now; raises ConnectionRefused where that fails."""
        self._connect()

    @contextmanager
    def sibling(self) -> Iterator[Session]:
        """Lend a session like this one to another thread, which works on the same step.

        It is cancelled with this one, and closed at the end.
        """
        made = Session(
            self._warehouse,
            self._cache,
            name=self.name,
            on_query=self._on_query,
            comment=self.comment,
        )
        made.guard = self.guard
        self._siblings.append(made)
        if self._is_cancelled:
            made.cancel()
        try:
            yield made
        finally:
            self._siblings.remove(made)
            made.close()

    def close(self) -> None:
        """Roll back what is open and disconnect; safe to call twice."""
        self._recover()
        self._drop_connection()

    def _connect(self) -> Connection:
        if self._is_cancelled:
            raise WarehouseError("the run was cancelled before this statement")
        if self._connection is None:
            try:
                self._connection = self._warehouse.connect(self.name)
            except WarehouseError as error:
                raise ConnectionRefused(str(error)) from error
        return self._connection

    def _text(self, sql: str) -> str:
        """Return a statement as it is sent."""
        if self.guard is not None:
            self.guard(sql)
        return self.comment(sql) if self.comment else sql

    def _run(self, sql: str, act: Callable[[], T]) -> T:
        was_open = self.in_transaction
        answer = self._guard(lambda: self._report(sql, act))
        if was_open and not self.in_transaction:
            # The statement itself ended the transaction, as `commit;` before a hook does.
            if rolls_back(sql):
                self._undo()
            else:
                self._settle()
        return answer

    def _report(self, sql: str, act: Callable[[], T]) -> T:
        if self._on_query is None:
            return act()
        self._on_query(sql, self.name, None, "")
        started = time.perf_counter()
        status = "OK"
        try:
            return act()
        except BaseException:
            status = "CANCELLED" if self._is_cancelled else "ERROR"
            raise
        finally:
            self._on_query(sql, self.name, time.perf_counter() - started, status)

    def _guard(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except ConnectionLost:
            self._drop_connection()
            self._undo()
            raise
        except WarehouseError:
            self._recover()
            raise

    def _recover(self) -> None:
        try:
            self.rollback()
        except WarehouseError:
            # The first error is the one to show; a session that cannot roll back is of no use.
            self._drop_connection()
            self._undo()

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, database: str | None, schema: str) -> Ask:
        def ask() -> tuple[ListedRelation, ...]:
            connection = self._connect()
            if connection.in_transaction:
                self._listed_inside.append((database, schema))
            return self._guard(lambda: connection.list_relations(database, schema))

        return ask

    def _ask_for(self, name: RelationName) -> Ask:
        return self._ask(name.database, name.schema or "")

    def _record(self, changes: list[Change]) -> None:
        if self.in_transaction:
            self._changes.extend(changes)

    def _settle(self) -> None:
        self._listed_inside.clear()
        if self._changes:
            self._cache.settle(self._changes)
            self._changes.clear()

    def _undo(self) -> None:
        if self._changes:
            self._cache.undo(self._changes)
            self._changes.clear()
        for database, schema in self._listed_inside:
            self._cache.forget(database, schema)
        self._listed_inside.clear()


def list_schemas_concurrently(
    sessions: Sequence[Session], schemas: Iterable[RelationName]
) -> Mapping[RelationName, tuple[ListedRelation, ...]]:
    """List schemas (identifier ignored) through the cache, one thread per session.

    Given the sessions of a run's workers, the connections opened here are those the workers go on
    to use. Raises the first WarehouseError once every thread has ended.
    """
    wanted = list(dict.fromkeys(_schema_only(name) for name in schemas))
    found: dict[RelationName, tuple[ListedRelation, ...]] = {}
    errors: list[Exception] = []
    waiting = iter(wanted)
    lock = threading.Lock()

    def work(session: Session) -> None:
        while True:
            with lock:
                name = next(waiting, None)
            if name is None or errors:
                return
            try:
                found[name] = session.relations(name.database, name.schema or "")
            except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
                errors.append(error)

    threads = [
        threading.Thread(target=work, args=(session,), name=f"list-{at}")
        for at, session in enumerate(sessions[1 : len(wanted)], start=1)
    ]
    for thread in threads:
        thread.start()
    work(sessions[0])
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return {name: found[name] for name in wanted}


def _schema_only(name: RelationName) -> RelationName:
    return RelationName(database=name.database, schema=name.schema, identifier=None)
