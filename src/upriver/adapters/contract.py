"""What an adapter is: about a dozen methods over plain values.

An `Adapter` describes a kind of warehouse and opens one; it holds no connection. An
`OpenWarehouse` is what is shared by a run; a `Connection` belongs to one worker for as long as the
worker lives.
Everything dbt hangs on its adapter objects beyond this is a macro or a Jinja-facing name
(`jinja/adapter.py`). Discovery is by entry point (`upriver.adapters`), so listing adapters imports
none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from upriver.problems import Problem, WarehouseError
from upriver.resources.answers import Answer, ColumnType, ListedRelation
from upriver.resources.dialect import Dialect


class ConnectionLost(WarehouseError):  # noqa: N818 - it says what happened, as Interrupted does
    """The session with the warehouse is gone; a new one may work."""


class ConnectionRefused(WarehouseError):  # noqa: N818 - it says what happened, as Interrupted does
    """There is no session with the warehouse, and a statement was never sent."""


class ModelCodeError(WarehouseError):
    """The code of a Python model failed; `line` is one of its file, where it is known."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


class PythonJob(msgspec.Struct, frozen=True, kw_only=True):
    """A Python model ready to be run."""

    code: str
    """The user's code, and behind it what its `dbt` object needs and how its result is stored."""
    file: str
    """Absolute path of the user's file, for tracebacks."""
    name: str
    lines: int
    """How many lines of the code are the user's."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between warehouses and cannot be said by a macro."""

    has_transactions: bool = True
    has_table_clone: bool = False
    drops_dependent_views: bool = False
    """Dropping a table takes the views on it along (PostgreSQL with `cascade`)."""
    supports: frozenset[str] = frozenset()
    """Names of ADPT-15 capabilities."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """One output of a profile, checked. `secret` never leaves the adapter."""

    type: str
    database: str | None
    schema: str
    threads: int
    shown: Mapping[str, Any]
    """Connection keys safe to show and to give to templates as `target` (PROJ-43)."""
    secret: Mapping[str, Any]
    """Everything needed to connect. Its repr is never printed."""
    unique_field: str = ""
    """What identifies the warehouse, e.g. host or file path; shown by `debug`."""

    def __repr__(self) -> str:
        return (
            f"Credentials(type={self.type!r}, schema={self.schema!r}, database={self.database!r})"
        )

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        # msgspec's own would show every field, the secret one included.
        return [("type", self.type), ("schema", self.schema), ("database", self.database)]


class Connection(Protocol):
    """One session with the warehouse; used by one thread at a time."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and not ended."""
        ...

    def execute(self, sql: str, *, fetch: bool = False, limit: int | None = None) -> Answer:
        """Run SQL; raises WarehouseError (lost connections: `ConnectionLost`)."""
        ...

    def execute_many(self, sql: str, rows: list[tuple[Any, ...]]) -> Answer:
        """Run one statement with bound values for each row (seeds)."""
        ...

    def execute_bound(self, sql: str, bindings: Sequence[Any]) -> Answer:
        """Run one statement with values bound to its `%s` or `?` placeholders; a multi-row
        `insert .. values` takes the warehouse's fast path.
        """
        ...

    def run_python(self, job: PythonJob) -> Answer:
        """Run a Python model (ADPT-37); raises ModelCodeError, or WarehouseError where the
        warehouse runs none.
        """
        ...

    def begin(self) -> None:
        """Begin a transaction."""
        ...

    def commit(self) -> None:
        """Commit the open transaction."""
        ...

    def rollback(self) -> None:
        """Roll the open transaction back."""
        ...

    def list_schemas(self, database: str | None) -> tuple[str, ...]:
        """List schema names."""
        ...

    def list_relations(self, database: str | None, schema: str) -> tuple[ListedRelation, ...]:
        """List tables and views of a schema; a missing schema is empty."""
        ...

    def list_functions(self, database: str | None, schema: str) -> tuple[str, ...]:
        """List the names of functions that users made in a schema; a missing schema is empty."""
        ...

    def query_columns(self, sql: str) -> tuple[ColumnType, ...]:
        """Describe a query's columns without running it over rows."""
        ...

    def cancel(self) -> None:
        """Interrupt the running statement; called from another thread."""
        ...

    def close(self) -> None:
        """Close; safe to call twice."""
        ...


class OpenWarehouse(Protocol):
    """A warehouse opened for one invocation; thread-safe."""

    def connect(self, name: str) -> Connection:
        """Open a connection; raises WarehouseError with host and remedy, never a password."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class Adapter(Protocol):
    """A kind of warehouse."""

    dialect: Dialect
    capabilities: Capabilities

    def parse_credentials(
        self, output: Mapping[str, Any], *, profile: str, target: str, root: str
    ) -> tuple[Credentials | None, tuple[Problem, ...]]:
        """Check one rendered output of `profiles.yml`.

        Relative paths are relative to `root`, the directory the command was given in.
        """
        ...

    def open(self, credentials: Credentials) -> OpenWarehouse:
        """Open the warehouse; loads the driver."""
        ...

    def convert_type(self, kind: str) -> str:
        """Column type for a seed column inferred as `integer`, `number`, `text`, `boolean`,
        `date`, `datetime` or `time`.
        """
        ...
