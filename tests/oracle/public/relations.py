"""Warehouses to lay a project out on, and what a program left in them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import duckdb

MANY_ROWS = 20_000
"""Of larger relations only the number of rows and a digest are compared."""


class Relations(Protocol):
    """A warehouse that starts empty for each program."""

    def emptied(self, scratch: Path) -> dict[str, Any]:
        """Return an output of a profile that connects to an empty database."""

    def hold(self, statements: Iterable[str]) -> None:
        """Run statements that make what a project reads."""

    def read(self) -> dict[str, Any]:
        """Return every table and view: kind, columns with their types, rows."""


class DuckDB:
    """A file."""

    def emptied(self, scratch: Path) -> dict[str, Any]:
        """Name a file that does not exist yet."""
        self._file = scratch / "wh.duckdb"
        return {"type": "duckdb", "path": str(self._file)}

    def hold(self, statements: Iterable[str]) -> None:
        """Run statements in the main schema."""
        with duckdb.connect(str(self._file)) as connection:
            for statement in statements:
                connection.execute(statement)

    def read(self) -> dict[str, Any]:
        """Return every table and view."""
        if not self._file.exists():
            return {}
        with duckdb.connect(str(self._file), read_only=True) as connection:
            return dict(_read(_ask_duckdb(connection), _DUCKDB_ROWS))


class PostgreSQL:
    """A database of a running server, made anew."""

    def __init__(self, output: dict[str, Any]) -> None:
        self._output = output

    def emptied(self, scratch: Path) -> dict[str, Any]:  # noqa: ARG002 - the server has its own
        """Drop and create the database."""
        with self._connected("postgres") as ask:
            ask("drop database if exists wh with (force)")
            ask("create database wh")
        return {**self._output, "dbname": "wh"}

    def hold(self, statements: Iterable[str]) -> None:
        """Run statements in the database."""
        with self._connected("wh") as ask:
            for statement in statements:
                ask(statement)

    def read(self) -> dict[str, Any]:
        """Return every table and view."""
        with self._connected("wh") as ask:
            return dict(_read(ask, _POSTGRES_ROWS))

    @contextlib.contextmanager
    def _connected(self, database: str) -> Iterator[Any]:
        import psycopg  # only where there is a server

        keys = ("host", "port", "user", "password")
        given = {key: self._output[key] for key in keys}
        with psycopg.connect(**given, dbname=database, autocommit=True) as connection:

            def ask(statement: str) -> list[tuple[Any, ...]]:
                cursor = connection.execute(statement)  # type: ignore[call-overload]
                return cursor.fetchall() if cursor.description else []

            yield ask


_RELATIONS = """
    select table_schema, table_name, table_type from information_schema.tables
    where table_schema not in ('information_schema', 'pg_catalog') order by 1, 2
"""
_COLUMNS = """
    select column_name, data_type from information_schema.columns
    where table_schema = '{}' and table_name = '{}' order by ordinal_position
"""
_DUCKDB_ROWS = "select sum(hash(columns(*)::varchar)) from {}"
_POSTGRES_ROWS = "select sum(hashtextextended(r::text, 0)) from {} as r"


def _ask_duckdb(connection: duckdb.DuckDBPyConnection) -> Any:
    return lambda statement: connection.execute(statement).fetchall()


def _read(ask: Any, hashing: str) -> Iterator[tuple[str, Any]]:
    for schema, name, kind in ask(_RELATIONS):
        relation = f'"{schema}"."{name}"'
        found = {"kind": kind, "columns": ask(_COLUMNS.format(schema, name))}
        try:
            count = ask(f"select count(*) from {relation}")[0][0]
            if count <= MANY_ROWS:
                rows = ask(f"select * from {relation}")
                found["rows"] = sorted([str(value) for value in row] for row in rows)
            else:
                found["hashed"] = [str(count), *map(str, ask(hashing.format(relation))[0])]
        except Exception as error:  # noqa: BLE001 - a view over what is gone: equal on both sides
            found["rows"] = [[str(error).splitlines()[0]]]
        yield f"{schema}.{name}", found
