"""One DuckDB database for the process, opened when first needed, and a cursor for each worker.

DuckDB locks a file for the process that has it open, and within the process every cursor has a
transaction of its own; two that change the same thing conflict, and the later one fails.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from upriver.adapters.contract import Credentials
from upriver.adapters.duckdb.connection import DuckdbConnection
from upriver.adapters.duckdb.credentials import MEMORY, Extension, Retries
from upriver.adapters.duckdb.plugins import (
    Plugins,
    file_systems,
    load_plugins,
    provided_settings,
)
from upriver.adapters.duckdb.retry import retrying
from upriver.adapters.duckdb.setup import (
    attach_statement,
    hidden_values,
    identifier,
    literal,
    secret_statement,
    setting_statements,
)
from upriver.adapters.redact import hide
from upriver.problems import WarehouseError

if TYPE_CHECKING:
    import duckdb

_HOLDER = re.compile(
    r"lock on file \"(?P<file>[^\"]+)\".*?lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)",
    re.DOTALL,
)


class DuckdbWarehouse:
    """An open DuckDB database; thread-safe."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._secret = credentials.secret
        self._hidden = hidden_values(credentials.secret)
        self._lock = threading.Lock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._open: list[DuckdbConnection] = []
        self._plugins: Plugins | None = None
        self._settings = dict(credentials.secret["settings"])

    def connect(self, name: str) -> DuckdbConnection:
        """Open a cursor, and the database before the first one."""
        with self._lock:
            if self._root is None:
                self._root = self._open_database()
            cursor = self._root.cursor()
            connection = DuckdbConnection(
                cursor,
                name=name,
                has_transactions=not self._secret["disable_transactions"],
                hidden=self._hidden,
                retries=self._secret["retries"],
                on_close=self._closed,
                module_paths=self._secret["module_paths"],
            )
            self._open.append(connection)
        try:
            for statement in setting_statements(self._settings):
                connection.execute(statement)
            if self._plugins is not None:
                self._plugins.configure_cursor(cursor)
        except WarehouseError:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close every cursor and the database, which releases the lock on its file."""
        for connection in tuple(self._open):
            connection.close()
        with self._lock:
            root, self._root = self._root, None
        if root is not None:
            root.close()

    def _closed(self, connection: DuckdbConnection) -> None:
        with self._lock:
            self._open.remove(connection)
            is_unused = not self._open and not self._secret["keep_open"]
            if is_unused and self._secret["path"] != MEMORY and self._root is not None:
                self._root.close()
                self._root = None

    def _open_database(self) -> duckdb.DuckDBPyConnection:
        # Loading the driver takes as long as parsing a small project.
        import duckdb

        path = self._secret["path"]
        config = dict(self._secret["config_options"] or {})
        if self._secret["motherduck_token"]:
            config["motherduck_token"] = self._secret["motherduck_token"]
        retries: Retries = self._secret["retries"]
        failure = ""
        root: duckdb.DuckDBPyConnection | None = None
        try:
            root = retrying(
                lambda: duckdb.connect(path, config=config), retries.connect_attempts, retries
            )
            self._prepare(root)
        except duckdb.Error as error:
            failure = self._explain(error, is_open=root is not None)
        except WarehouseError as error:
            failure = str(error)
        if root is not None and not failure:
            return root
        if root is not None:
            root.close()
        # Raised out here so that the driver's error, secrets and all, does not come along.
        raise WarehouseError(hide(failure, self._hidden))

    def _prepare(self, root: duckdb.DuckDBPyConnection) -> None:
        for extension in self._secret["extensions"]:
            _load_extension(root, extension)
        for system in file_systems(self._secret["filesystems"] or ()):
            root.register_filesystem(system)
        for number, secret in enumerate(self._secret["secrets"], start=1):
            root.execute(secret_statement(secret, number))
        for attachment in self._secret["attach"]:
            root.execute(attach_statement(attachment))
        self._extend(root)

    def _extend(self, root: duckdb.DuckDBPyConnection) -> None:
        """Do what the profile has done in Python."""
        provider = self._secret["use_credential_provider"]
        if provider:
            provided = provided_settings(provider)
            self._settings = {**provided, **self._secret["settings"]}
            self._hidden = (*self._hidden, *map(str, provided.values()))
        if self._secret["plugins"] and self._plugins is None:
            self._plugins = load_plugins(self._secret["plugins"], self._secret["module_paths"])
        if self._plugins is not None:
            self._plugins.configure_connection(root)

    def _explain(self, error: Exception, *, is_open: bool) -> str:
        """Say which file could not be opened and what to do, with DuckDB's own words."""
        path = self._credentials.unique_field
        text = str(error).strip()
        holder = _HOLDER.search(text)
        if holder is not None:
            return (
                f"`{holder['file']}` is locked by another process: {holder['program']}, process "
                f"id {holder['pid']}. DuckDB lets one process write to a file; end that process, "
                f"or close its connection to the file, and run again"
            )
        if is_open:
            return f"cannot set up `{path}`: {text}"
        return f"cannot open `{path}`: {text}"


def _load_extension(root: duckdb.DuckDBPyConnection, extension: Extension) -> None:
    import duckdb  # already loaded; named here so that the module's import stays cheap

    try:
        root.execute(f"LOAD {identifier(extension.name)}")
    except duckdb.Error:
        source = f" FROM {_repository(extension.repo)}" if extension.repo else ""
        root.execute(f"INSTALL {identifier(extension.name)}{source}")
        root.execute(f"LOAD {identifier(extension.name)}")


def _repository(name: str) -> str:
    """Write a repository: one of DuckDB's names as it is, an address as text."""
    return name if name.isidentifier() else literal(name)
