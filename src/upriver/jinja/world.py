"""The outside, as a template may ask for it.

`World` is what every template can ask while parsing and running; it has two implementations
(`parse/world.py: ParseWorld`, `run/world.py: RunWorld`) and a recorder in `project`, which writes
down the questions of a parse so that the answer can be remembered. Everything a template can ask
goes through one of these methods: that is what makes the record complete.

`Warehouse` is the part that exists only while running; `adapters/session.py: Session` satisfies
it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from upriver.resources.answers import Answer, ColumnType, ListedRelation
from upriver.resources.dialect import Dialect
from upriver.resources.macro import Macro
from upriver.resources.relation import Quoting, RelationName


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a look-up that may fail: `is_found` tells a stored None from no answer."""

    is_found: bool
    value: Any = None


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked, when, with which arguments. Reading any of these makes a parse unmemorable."""

    invocation_id: str
    started_at: datetime.datetime
    """UTC, aware."""
    args: Mapping[str, Any]
    """`invocation_args_dict` (JINJA-69)."""
    metadata_envs: Mapping[str, str]
    """`DBT_ENV_CUSTOM_ENV_*` without the prefix (PROJ-257)."""
    dbt_version: str
    """The dbt version whose behaviour is matched, e.g. `1.11.16`."""
    git_commit: str | None = None
    """What the project's files are at; told in artifacts, not to templates."""
    target_name: str | None = None
    """The target of the profile; told in artifacts."""
    versions: Mapping[str, Any] = {}
    """Of every package of the project, as its `dbt_project.yml` has it."""
    cli_vars: Mapping[str, Any] = {}
    variables: Mapping[str, Any] = {}
    """`vars:` of the root project."""


class Warehouse(Protocol):
    """One worker's open door to the warehouse, with the relation cache all workers share."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and not ended."""
        ...

    def execute(
        self, sql: str, *, fetch: bool = False, limit: int | None = None, auto_begin: bool = False
    ) -> Answer:
        """Run SQL (one or several statements); raises WarehouseError in its words."""
        ...

    def execute_bound(
        self, sql: str, bindings: Sequence[Any], *, auto_begin: bool = False
    ) -> Answer:
        """Run one statement with values for its placeholders."""
        ...

    def begin(self) -> None:
        """Begin a transaction; nothing where the warehouse has none or one is open."""
        ...

    def commit(self) -> None:
        """Commit; nothing where none is open."""
        ...

    def rollback(self) -> None:
        """Roll back; nothing where none is open."""
        ...

    def relations(self, database: str | None, schema: str) -> tuple[ListedRelation, ...]:
        """List a schema: from the cache, or by asking once. A missing schema is empty."""
        ...

    def relation(self, name: RelationName) -> ListedRelation | None:
        """Find one relation in the cache by case-insensitive name (ADPT-18, ADPT-19)."""
        ...

    def cache_added(self, relation: ListedRelation) -> None:
        """Tell the cache that a relation exists now."""
        ...

    def cache_dropped(self, name: RelationName) -> None:
        """Tell the cache that a relation is gone."""
        ...

    def cache_renamed(self, old: RelationName, new: RelationName) -> None:
        """Tell the cache that a relation has another name now."""
        ...

    def cache_schema_dropped(self, database: str | None, schema: str) -> None:
        """Tell the cache that a schema is gone with everything in it."""
        ...

    def schemas(self, database: str | None) -> tuple[str, ...]:
        """List the schemas of a database."""
        ...

    def query_columns(self, sql: str) -> tuple[ColumnType, ...]:
        """Return the columns a query would give, without running it over rows."""
        ...


class World(Protocol):
    """Everything a template may ask of the outside."""

    @property
    def is_executing(self) -> bool:
        """Dbt's `execute` (JINJA-49)."""
        ...

    @property
    def dialect(self) -> Dialect:
        """Naming rules of the active adapter."""
        ...

    @property
    def quoting(self) -> Quoting:
        """The dialect's quoting merged with the root project's `quoting:`."""
        ...

    @property
    def project_name(self) -> str:
        """The root project's name."""
        ...

    @property
    def warehouse(self) -> Warehouse | None:
        """The open warehouse; None while parsing."""
        ...

    def find_macro(self, name: str, package: str) -> Macro | None:
        """Find the macro an unqualified call from a node of `package` reaches (JINJA-135)."""
        ...

    def find_macro_in(self, namespace: str, name: str) -> Macro | None:
        """Find `namespace.name`; `dbt` is the flattened internal namespace (JINJA-136)."""
        ...

    def has_namespace(self, name: str) -> bool:
        """Whether a package of this name (or `dbt`) has macros."""
        ...

    def dispatch_order(self, namespace: str | None) -> tuple[str, ...] | None:
        """Packages to search for `adapter.dispatch(.., namespace)`; None: ordinary look-up
        (JINJA-139).
        """
        ...

    def var(self, name: str, package: str) -> Found:
        """Look up a var for a node of `package` (PROJ-253), not yet rendered."""
        ...

    def env_var(self, name: str) -> str | None:
        """Look up an environment variable. Secrets are refused by the caller (PROJ-40)."""
        ...

    def target(self) -> Mapping[str, Any]:
        """The `target` object (PROJ-43)."""
        ...

    def flag(self, name: str) -> Found:
        """Look up a member of `flags`, upper case (JINJA-30)."""
        ...

    def invocation(self) -> Invocation:
        """The running invocation; asking makes a parse unmemorable."""
        ...

    def graph(self) -> Mapping[str, Any]:
        """The `graph` object (JINJA-48), the same mutable dict for a whole run; empty in parse."""
        ...

    def selected(self) -> tuple[str, ...]:
        """`selected_resources` (JINJA-68)."""
        ...

    def say(self, text: str, level: str, unique_id: str | None) -> None:
        """Report `print` / `log` / a warning (levels: print, info, debug, warn)."""
        ...

    def remember(self, key: str, make: Callable[[], Any]) -> Any:
        """Return the process-wide value for `key` (compiled templates), making it once."""
        ...
