"""A DuckDB cursor as a connection: statements, transactions, listings, loading rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from upriver.adapters.bindings import BulkInsert, bulk_insert, split_rows, with_placeholders
from upriver.adapters.contract import ConnectionLost, PythonJob
from upriver.adapters.duckdb.columns import column_parameters
from upriver.adapters.duckdb.retry import retrying
from upriver.adapters.redact import hide
from upriver.adapters.transactions import may_change_transaction
from upriver.problems import WarehouseError
from upriver.resources.answers import Answer, ColumnType, ListedRelation, Response
from upriver.resources.relation import RelationName

if TYPE_CHECKING:
    import duckdb

    from upriver.adapters.duckdb.credentials import Retries

P = ParamSpec("P")
T = TypeVar("T")

_ROWS_PER_INSERT = 50_000
_ROWS_PER_FETCH = 10_000
_OK = Response(message="OK")
_RELATIONS = """
    select database_name, schema_name, table_name, 'table'
    from duckdb_tables()
    where not temporary and lower(database_name) = lower($1) and lower(schema_name) = lower($2)
    union all
    select database_name, schema_name, view_name, 'view'
    from duckdb_views()
    where not temporary and lower(database_name) = lower($1) and lower(schema_name) = lower($2)
"""
_FUNCTIONS = """
    select distinct function_name from duckdb_functions()
    where not internal
      and lower(database_name) = lower($1) and lower(schema_name) = lower($2)
    order by function_name
"""
_SCHEMAS = """
    select schema_name from duckdb_schemas()
    where lower(database_name) = lower(coalesce($1, current_database()))
    order by schema_name
"""


def _translated(
    method: Callable[Concatenate[DuckdbConnection, P], T],
) -> Callable[Concatenate[DuckdbConnection, P], T]:
    """Turn what the driver raises in a method into a WarehouseError with the warehouse's words."""

    @wraps(method)
    def translating(connection: DuckdbConnection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        import duckdb  # already loaded; named here so that the module's import stays cheap

        try:
            return method(connection, *args, **kwargs)
        except duckdb.Error as error:
            failure = connection.failure(error)
        # Raised out here so that the driver's error, secrets and all, does not come along.
        raise failure

    return translating


class DuckdbConnection:
    """One cursor of the process's database."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        *,
        name: str,
        has_transactions: bool,
        hidden: tuple[str, ...],
        retries: Retries,
        on_close: Callable[[DuckdbConnection], None],
        module_paths: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self._cursor = cursor
        self._has_transactions = has_transactions
        self._hidden = hidden
        self._retries = retries
        self._on_close = on_close
        self._module_paths = module_paths
        self._in_transaction = False
        self._is_closed = False

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and not ended."""
        return self._in_transaction

    @_translated
    def execute(self, sql: str, *, fetch: bool = False, limit: int | None = None) -> Answer:
        """Run one or several statements; the answer is the last one's."""
        if not may_change_transaction(sql):
            self._execute(sql)
            return self._answer(fetch=fetch, limit=limit)
        # Should it fail half-way, there may be a transaction for `rollback` to end.
        self._in_transaction = True
        self._execute(sql)
        answer = self._answer(fetch=fetch, limit=limit)
        self._in_transaction = self._is_inside_transaction()
        return answer

    @_translated
    def execute_many(self, sql: str, rows: list[tuple[Any, ...]]) -> Answer:
        """Run one statement for each row; `insert .. values` as a whole."""
        if not rows:
            return Answer(response=_OK)
        insert = bulk_insert(sql)
        if insert is None or not self._insert_columns(insert, rows):
            self._cursor.executemany(with_placeholders(sql, len(rows[0]), "?"), rows)
        return Answer(response=_OK)

    @_translated
    def execute_bound(self, sql: str, bindings: Sequence[Any]) -> Answer:
        """Run one statement with values for its placeholders."""
        insert = bulk_insert(sql)
        if insert is not None and self._insert_columns(insert, split_rows(insert, bindings)):
            return Answer(response=_OK)
        self._cursor.execute(with_placeholders(sql, len(bindings), "?"), list(bindings))
        return self._answer(fetch=True, limit=None)

    @_translated
    def run_python(self, job: PythonJob) -> Answer:
        """Run a Python model in this process."""
        # Deferred: few projects have Python models.
        from upriver.adapters.duckdb.python_model import run_python_model

        run_python_model(self._cursor, job, self._module_paths)
        return Answer(response=_OK)

    def begin(self) -> None:
        """Begin a transaction, unless the profile disables them."""
        if self._has_transactions and not self._in_transaction:
            self._begin()

    def commit(self) -> None:
        """Commit the open transaction."""
        if self._in_transaction:
            self._end("COMMIT")

    def rollback(self) -> None:
        """Roll the open transaction back."""
        if self._in_transaction:
            self._end("ROLLBACK")

    @_translated
    def list_schemas(self, database: str | None) -> tuple[str, ...]:
        """List the schemas of a database, attached ones included."""
        rows = self._cursor.execute(_SCHEMAS, [database]).fetchall()
        return tuple(row[0] for row in rows)

    @_translated
    def list_relations(self, database: str | None, schema: str) -> tuple[ListedRelation, ...]:
        """List tables and views, spelt as they were created; temporary ones are left out."""
        rows = self._cursor.execute(_RELATIONS, [database, schema]).fetchall()
        return tuple(
            ListedRelation(
                name=RelationName(database=found[0], schema=found[1], identifier=found[2]),
                type=found[3],
            )
            for found in rows
        )

    @_translated
    def list_functions(self, database: str | None, schema: str) -> tuple[str, ...]:
        """List macros, which are DuckDB's functions."""
        rows = self._cursor.execute(_FUNCTIONS, [database, schema]).fetchall()
        return tuple(row[0] for row in rows)

    @_translated
    def query_columns(self, sql: str) -> tuple[ColumnType, ...]:
        """Describe a query; statements that are no single query are run for their columns."""
        statements = self._cursor.extract_statements(sql)
        is_query = len(statements) == 1 and statements[0].type.name == "SELECT"
        if is_query:
            rows = self._cursor.execute(f"DESCRIBE {sql}").fetchall()
            return tuple(ColumnType(name=row[0], data_type=row[1]) for row in rows)
        self._execute(sql)
        described = self._cursor.description or []
        return tuple(ColumnType(name=column[0], data_type=str(column[1])) for column in described)

    def cancel(self) -> None:
        """Interrupt the running statement, which then fails."""
        if not self._is_closed:
            self._cursor.interrupt()

    def close(self) -> None:
        """Close the cursor; an open transaction is rolled back by DuckDB."""
        if not self._is_closed:
            self._is_closed = True
            self._in_transaction = False
            self._cursor.close()
            self._on_close(self)

    def failure(self, error: Exception) -> WarehouseError:
        """Say what the driver's error says, without secrets."""
        import duckdb  # already loaded; named here so that the module's import stays cheap

        text = hide(str(error).strip(), self._hidden)
        if isinstance(error, duckdb.FatalException | duckdb.ConnectionException):
            return ConnectionLost(text)
        return WarehouseError(text)

    def _execute(self, sql: str) -> None:
        attempts = 1 if self._in_transaction else (self._retries.query_attempts or 1)
        retrying(lambda: self._cursor.execute(sql), attempts, self._retries)

    def _answer(self, *, fetch: bool, limit: int | None) -> Answer:
        described = self._cursor.description or []
        if not described:
            return Answer(response=_OK)
        if not fetch:
            # DuckDB computes a result as it is fetched, so only a drained statement is done.
            while self._cursor.fetchmany(_ROWS_PER_FETCH):
                pass
            return Answer(response=_OK)
        rows = self._cursor.fetchall() if limit is None else self._cursor.fetchmany(limit)
        return Answer(
            response=_OK,
            column_names=tuple(column[0] for column in described),
            column_types=tuple(str(column[1]) for column in described),
            rows=tuple(rows),
        )

    def _insert_columns(self, insert: BulkInsert, rows: list[tuple[Any, ...]]) -> bool:
        for at in range(0, len(rows), _ROWS_PER_INSERT):
            made = column_parameters(rows[at : at + _ROWS_PER_INSERT])
            if made is None:
                return False
            expressions, lists = made
            self._cursor.execute(
                f"insert into {insert.target} {insert.columns} select {', '.join(expressions)}",
                lists,
            )
        return True

    def _is_inside_transaction(self) -> bool:
        """Find out, as DuckDB does not say: outside, every statement has a number of its own."""
        first, second = (
            self._cursor.execute("select txid_current()").fetchall() for _ in range(2)
        )
        return bool(first == second)

    @_translated
    def _begin(self) -> None:
        self._cursor.execute("BEGIN")
        self._in_transaction = True

    @_translated
    def _end(self, statement: str) -> None:
        import duckdb  # already loaded; named here so that the module's import stays cheap

        self._in_transaction = False
        try:
            self._cursor.execute(statement)
        except duckdb.TransactionException as error:
            # A statement of the user's, or DuckDB after a conflict, has ended it already.
            if "no transaction is active" not in str(error):
                raise
