"""Opening connections to a PostgreSQL server, and saying what is wrong when none can be had."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from upriver.adapters.contract import Credentials
from upriver.adapters.postgres.connection import PostgresConnection
from upriver.adapters.redact import hide
from upriver.problems import WarehouseError

if TYPE_CHECKING:
    import psycopg

_OPTIONAL = ("sslmode", "sslcert", "sslkey", "sslrootcert", "application_name")
_SHORTEST_HIDDEN = 3


class PostgresWarehouse:
    """A server and database to connect to; thread-safe."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._secret = credentials.secret
        password = self._secret["password"]
        self._hidden = (password,) if len(password) >= _SHORTEST_HIDDEN else ()
        self._lock = threading.Lock()
        self._open: list[PostgresConnection] = []

    def connect(self, name: str) -> PostgresConnection:
        """Open a connection; one that no server answered is tried again `retries` times."""
        raw = self._connect_retrying()
        connection = PostgresConnection(
            raw,
            name=name,
            database=self._secret["database"],
            hidden=self._hidden,
            on_close=self._closed,
        )
        with self._lock:
            self._open.append(connection)
        if self._secret["role"]:
            role = self._secret["role"].replace('"', '""')
            try:
                connection.execute(f'set role "{role}"')
            except WarehouseError:
                connection.close()
                raise
        return connection

    def close(self) -> None:
        """Close every connection; those of workers still running are interrupted first."""
        with self._lock:
            open_now = tuple(self._open)
        for connection in open_now:
            connection.cancel()
            connection.close()

    def _closed(self, connection: PostgresConnection) -> None:
        with self._lock:
            if connection in self._open:
                self._open.remove(connection)

    def _connect_retrying(self) -> psycopg.Connection[tuple[Any, ...]]:
        # Loading the driver takes as long as parsing a small project, and it is optional.
        try:
            import psycopg
        except ImportError:
            raise WarehouseError(
                "the PostgreSQL driver is not installed: `pip install upriver[postgres]`"
            ) from None
        attempts = self._secret["retries"] + 1
        refusal = ""
        for attempt in range(1, attempts + 1):
            try:
                return psycopg.connect(**self._parameters())
            except psycopg.Error as error:
                refusal = self._explain(error)
                if _is_answer_of_server(error):
                    break
            if attempt < attempts:
                time.sleep(attempt)
        # Raised out here so that the driver's error, password and all, does not come along.
        raise WarehouseError(refusal)

    def _parameters(self) -> dict[str, Any]:
        secret = self._secret
        parameters: dict[str, Any] = {
            "host": secret["host"],
            "port": secret["port"],
            "user": secret["user"],
            "password": secret["password"],
            "dbname": secret["database"],
            "connect_timeout": secret["connect_timeout"],
            "client_encoding": "utf8",
            "autocommit": True,
            # Prepared statements outlive what DDL changes, and poolers do not carry them.
            "prepare_threshold": None,
        }
        parameters.update({key: secret[key] for key in _OPTIONAL if secret[key]})
        if secret["keepalives_idle"]:
            parameters["keepalives_idle"] = secret["keepalives_idle"]
        if secret["search_path"]:
            path = secret["search_path"].replace("\\", "\\\\").replace(" ", "\\ ")
            parameters["options"] = f"-c search_path={path}"
        return parameters

    def _explain(self, error: Exception) -> str:
        secret = self._secret
        place = f"`{secret['host']}:{secret['port']}/{secret['database']}` as `{secret['user']}`"
        return hide(f"cannot connect to {place}: {' '.join(str(error).split())}", self._hidden)


def _is_answer_of_server(error: psycopg.Error) -> bool:
    """Tell whether a server answered, in which case asking again changes nothing."""
    # libpq gives no state for a refused log-in; the server's own word is in the text.
    return error.sqlstate is not None or "FATAL:" in str(error)
