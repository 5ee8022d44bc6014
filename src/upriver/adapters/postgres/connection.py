"""A psycopg connection in autocommit, with transactions begun and ended by statements.

Statements without values go to the server as they are: several may be sent at once, `%` means
nothing, and `vacuum` works outside of a transaction.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from upriver.adapters.bindings import BulkInsert, bulk_insert, split_rows, with_placeholders
from upriver.adapters.contract import ConnectionLost, PythonJob
from upriver.adapters.postgres.catalog import FUNCTIONS, RELATIONS, SCHEMAS
from upriver.adapters.postgres.types import type_name
from upriver.adapters.redact import hide
from upriver.problems import WarehouseError
from upriver.resources.answers import Answer, ColumnType, ListedRelation, Response
from upriver.resources.relation import RelationName

if TYPE_CHECKING:
    import psycopg

P = ParamSpec("P")
T = TypeVar("T")

_CANCEL_SECONDS = 10.0


def _translated(
    method: Callable[Concatenate[PostgresConnection, P], T],
) -> Callable[Concatenate[PostgresConnection, P], T]:
    """Turn what the driver raises in a method into a WarehouseError with the warehouse's words."""

    @wraps(method)
    def translating(connection: PostgresConnection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        import psycopg  # already loaded; named here so that the module's import stays cheap

        try:
            return method(connection, *args, **kwargs)
        except psycopg.Error as error:
            failure = connection.failure(error)
        # Raised out here so that the driver's error, secrets and all, does not come along.
        raise failure

    return translating


class PostgresConnection:
    """One session with a PostgreSQL server."""

    def __init__(
        self,
        raw: psycopg.Connection[tuple[Any, ...]],
        *,
        name: str,
        database: str,
        hidden: tuple[str, ...],
        on_close: Callable[[PostgresConnection], None],
    ) -> None:
        self.name = name
        self._raw = raw
        self._database = database
        self._hidden = hidden
        self._on_close = on_close

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, as the server says; a failed one counts."""
        return not self._raw.closed and self._raw.info.transaction_status.name in {
            "INTRANS",
            "INERROR",
        }

    @_translated
    def execute(self, sql: str, *, fetch: bool = False, limit: int | None = None) -> Answer:
        """Run one or several statements; the answer is the last one's."""
        with self._raw.cursor() as cursor:
            cursor.execute(sql.encode())
            while cursor.nextset():
                pass
            return self._answer(cursor, fetch=fetch, limit=limit)

    def _answer(
        self, cursor: psycopg.Cursor[tuple[Any, ...]], *, fetch: bool, limit: int | None
    ) -> Answer:
        response = _response(cursor)
        if not fetch or cursor.description is None:
            return Answer(response=response)
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
        return Answer(
            response=response,
            column_names=tuple(column.name for column in cursor.description),
            column_types=tuple(self._type_text(column) for column in cursor.description),
            rows=tuple(rows),
        )

    @_translated
    def execute_many(self, sql: str, rows: list[tuple[Any, ...]]) -> Answer:
        """Run one statement for each row; `insert .. values` as one `copy`."""
        if not rows:
            return Answer(response=_counted("INSERT 0 0", 0))
        insert = bulk_insert(sql)
        if insert is not None:
            return self._copy(insert, rows)
        text = with_placeholders(sql, len(rows[0]), "%s")
        with self._raw.transaction(), self._raw.cursor() as cursor:
            cursor.executemany(text.encode(), rows)
            return Answer(response=_counted(f"INSERT 0 {cursor.rowcount}", cursor.rowcount))

    @_translated
    def execute_bound(self, sql: str, bindings: Sequence[Any]) -> Answer:
        """Run one statement with values for its placeholders.

        The values are written into the text by the driver, since the server takes no more than
        65,535 of them apart from it.
        """
        import psycopg  # already loaded; named here so that the module's import stays cheap

        insert = bulk_insert(sql)
        if insert is not None:
            return self._copy(insert, split_rows(insert, bindings))
        text = with_placeholders(sql, len(bindings), "%s")
        with psycopg.ClientCursor(self._raw) as cursor:
            cursor.execute(text.encode(), list(bindings))
            return self._answer(cursor, fetch=True, limit=None)

    def run_python(self, job: PythonJob) -> Answer:
        """Refuse a Python model: the server runs none."""
        raise WarehouseError(f"`{job.name}` is a Python model, and PostgreSQL does not run Python")

    def begin(self) -> None:
        """Begin a transaction."""
        if not self.in_transaction:
            self.execute("BEGIN")

    def commit(self) -> None:
        """Commit the open transaction."""
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Roll the open transaction back."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    @_translated
    def list_schemas(self, database: str | None) -> tuple[str, ...]:
        """List the schemas of the connected database, the only one there is to see."""
        self._check_database(database)
        with self._raw.cursor() as cursor:
            return tuple(row[0] for row in cursor.execute(SCHEMAS).fetchall())

    @_translated
    def list_relations(self, database: str | None, schema: str) -> tuple[ListedRelation, ...]:
        """List tables, views and materialized views, and what the views select from."""
        self._check_database(database)
        with self._raw.cursor() as cursor:
            rows = cursor.execute(RELATIONS, [schema]).fetchall()
        return tuple(
            ListedRelation(
                name=self._name(space, identifier),
                type=kind,
                depends_on=tuple(self._name(*base) for base in bases or ()),
            )
            for space, identifier, kind, bases in rows
        )

    @_translated
    def list_functions(self, database: str | None, schema: str) -> tuple[str, ...]:
        """List functions and aggregates."""
        self._check_database(database)
        with self._raw.cursor() as cursor:
            return tuple(row[0] for row in cursor.execute(FUNCTIONS, [schema]).fetchall())

    @_translated
    def query_columns(self, sql: str) -> tuple[ColumnType, ...]:
        """Describe a query by preparing it, which plans nothing and reads nothing."""
        from psycopg import errors, pq  # already loaded; keeps the module's import cheap

        connection = self._raw.pgconn
        result = connection.prepare(b"", sql.encode())
        if result.status == pq.ExecStatus.COMMAND_OK:
            result = connection.describe_prepared(b"")
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result)
        return tuple(
            ColumnType(
                name=(result.fname(at) or b"").decode(), data_type=type_name(result.ftype(at))
            )
            for at in range(result.nfields)
        )

    @_translated
    def cancel(self) -> None:
        """Ask the server to cancel the running statement, over a connection of its own."""
        if not self._raw.closed:
            self._raw.cancel_safe(timeout=_CANCEL_SECONDS)

    def close(self) -> None:
        """Close; the server rolls an open transaction back."""
        if not self._raw.closed:
            self._raw.close()
        self._on_close(self)

    def failure(self, error: Exception) -> WarehouseError:
        """Say what the driver's error says, without secrets."""
        text = hide(str(error).strip(), self._hidden)
        if self._raw.closed:
            return ConnectionLost(f"the connection was lost: {text}")
        return WarehouseError(text)

    def _copy(self, insert: BulkInsert, rows: list[tuple[Any, ...]]) -> Answer:
        statement = f"copy {insert.target} {insert.columns} from stdin"
        with self._raw.cursor() as cursor:
            zone = self._raw.info.timezone
            with cursor.copy(statement.encode()) as copy:
                for row in rows:
                    copy.write_row([_for_copy(value, zone) for value in row])
            return Answer(response=_counted(f"INSERT 0 {cursor.rowcount}", cursor.rowcount))

    def _check_database(self, database: str | None) -> None:
        if database is not None and database.lower() != self._database.lower():
            raise WarehouseError(
                f"database `{database}` cannot be reached from a connection to "
                f"`{self._database}`: PostgreSQL has no references across databases"
            )

    def _name(self, schema: str, identifier: str) -> RelationName:
        return RelationName(database=self._database, schema=schema, identifier=identifier)

    def _type_text(self, column: psycopg.Column) -> str:
        found = self._raw.adapters.types.get(column.type_code)
        return type_name(column.type_code) if found is None else found.regtype


def _response(cursor: psycopg.Cursor[tuple[Any, ...]]) -> Response:
    return _counted(cursor.statusmessage or "", cursor.rowcount)


def _counted(message: str, rows: int) -> Response:
    code = " ".join(word for word in message.split() if not word.isdigit())
    return Response(message=message, code=code, rows_affected=rows)


def _for_copy(value: Any, zone: datetime.tzinfo) -> Any:
    match value:
        case bool():
            # `copy` writes booleans as `t` and `f`, which a text column would keep.
            return str(value).lower()
        case datetime.datetime(tzinfo=datetime.tzinfo()):
            # A column without time zone ignores the offset of a text; a cast would not.
            return value.astimezone(zone)
        case _:
            return value
