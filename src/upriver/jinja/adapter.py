"""The name `adapter` in templates (JINJA-91..116): one class while parsing, one while running.

While parsing, methods that would ask the warehouse give the empty values dbt gives. While running,
what the warehouse is asked directly goes to the worker's session, and what warehouses do
differently goes to the macro of the same name, which a project may replace. The session's cache is
told before a statement runs, as dbt does, and takes it back when the transaction is rolled back. A
method that neither class has is an undefined attribute (JINJA-6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.jinja.column import Column, ColumnFactory
from upriver.jinja.constraints import (
    Index,
    read_index,
    render_column_constraints,
    render_model_constraints,
)
from upriver.jinja.errors import CompilationError
from upriver.jinja.macro_table import check_dispatch, dispatched
from upriver.jinja.relation import Policy, Relation, approximate_match, listed_relation, name_of
from upriver.jinja.relation_factory import RelationFactory
from upriver.jinja.results import ResponseView, Table, answer_parts, empty_answer
from upriver.jinja.runtime_config import RuntimeConfig
from upriver.jinja.tables.cursor import CursorView
from upriver.jinja.tables.kinds import column_type
from upriver.jinja.world import Warehouse, World
from upriver.problems import WarehouseError
from upriver.resources.answers import ListedRelation
from upriver.resources.macro import Macro
from upriver.resources.nearest import nearest_hint
from upriver.resources.relation import RelationName

BUILTIN_STRATEGIES = ("append", "delete+insert", "merge", "insert_overwrite", "microbatch")
HARD_DELETES = ("ignore", "invalidate", "new_record")
_SNAPSHOT_COLUMNS = ("dbt_scd_id", "dbt_valid_from", "dbt_valid_to")


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the adapter needs of the context it belongs to."""

    world: World
    package: str
    bind: Callable[[Macro], Callable[..., Any]]
    """Binds a macro to the context's names."""
    call: Callable[..., Any]
    """Calls a macro of the given name apart from the context, for the adapter's own work."""
    relations: RelationFactory
    columns: ColumnFactory
    warn: Callable[[str], None]
    write: Callable[[str], None]
    """Shows what a table prints."""


class Behavior:
    """`adapter.behavior.<flag>` (PROJ-263): a flag nobody set is off."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> BehaviorFlag:
        if name.startswith("_"):
            raise AttributeError(name)
        return BehaviorFlag(is_on=bool(self._world.flag(name.upper()).value))


class BehaviorFlag:
    """A flag that is true or false; `no_warn` is the same, for packages that ask so."""

    __slots__ = ("no_warn", "setting")

    def __init__(self, *, is_on: bool) -> None:
        self.setting = is_on
        self.no_warn = is_on

    def __bool__(self) -> bool:
        return self.setting


class Adapter:
    """Methods that need no warehouse."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._dialect = parts.world.dialect
        self._dispatched: dict[tuple[Any, Any], Callable[..., Any]] = {}
        self.Relation = parts.relations
        self.behavior = Behavior(parts.world)
        self.config = RuntimeConfig(parts.world)

    def type(self) -> str:
        """Return the adapter's name."""
        return self._dialect.type

    def dispatch(
        self, macro_name: str, macro_namespace: str | None = None, packages: Any = None
    ) -> Callable[..., Any]:
        """Return the macro that this warehouse has for a name (JINJA-139)."""
        key = (macro_name, macro_namespace)
        found = self._dispatched.get(key) if packages is None else None
        if found is not None:
            return found
        check_dispatch(macro_name, macro_namespace, packages)
        parts = self._parts
        macro, searched = dispatched(macro_name, macro_namespace, parts.world, parts.package)
        if macro is None:
            place = f" in `{macro_namespace}`" if macro_namespace else ""
            raise CompilationError(
                f"`adapter.dispatch` found no macro `{macro_name}`{place}"
                f" (looked for {', '.join(f'`{name}`' for name in searched)})",
                code="macro-not-found",
            )
        bound = self._dispatched[key] = parts.bind(macro)
        return bound

    def quote(self, identifier: str) -> str:
        """Quote an identifier."""
        mark = self._dialect.quote_character
        return f"{mark}{identifier}{mark}"

    def quote_as_configured(self, identifier: str, quote_key: str) -> str:
        """Quote an identifier if the project quotes that part of a name."""
        policy: Policy = self._parts.relations.quote_policy
        return self.quote(identifier) if policy.get(quote_key, default=False) else identifier

    def quote_seed_column(self, column: str, quote_config: Any = None) -> str:
        """Quote a seed's column as its config says; quoted where it says nothing."""
        if quote_config is None or quote_config is True:
            return self.quote(column)
        if quote_config is False:
            return column
        raise CompilationError(
            f"The seed config `quote_columns` is `{quote_config}`; it must be true or false",
            code="config-type",
        )

    def convert_type(self, agate_table: Any, col_idx: int) -> str:
        """Return the column type for a table's column (JINJA-109)."""
        return column_type(agate_table, col_idx)

    def render_raw_columns_constraints(self, raw_columns: Mapping[str, Any]) -> list[str]:
        """Return `name type constraints` for each column of a contract (JINJA-110)."""
        return render_column_constraints(raw_columns, self._dialect, self.quote, self._parts.warn)

    def render_raw_model_constraints(self, raw_constraints: Any) -> list[str]:
        """Return the table constraints of a contract."""
        return render_model_constraints(raw_constraints, self._dialect, self._parts.warn)

    def standardize_grants_dict(self, grants_table: Any) -> dict[str, list[str]]:
        """Return grantees by privilege from the rows `get_show_grant_sql` gave (JINJA-112)."""
        grants: dict[str, list[str]] = {}
        for row in grants_table.rows:
            grants.setdefault(row["privilege_type"], []).append(row["grantee"])
        return grants

    def valid_incremental_strategies(self) -> list[str]:
        """Return the strategies the warehouse supports."""
        return list(self._dialect.incremental_strategies or BUILTIN_STRATEGIES)

    def build_catalog_relation(self, _node: Any) -> None:
        """Return nothing: no built-in adapter writes to a catalog (JINJA-114)."""

    def get_catalog_integration(self, name: str) -> None:
        """Stop: there is no catalog."""
        raise CompilationError(f"There is no catalog integration `{name}` for {self.type()}")

    def get_partitions_metadata(self, _table: Any) -> Table:
        """Stop: no built-in adapter has partitions to tell of (JINJA-115)."""
        raise CompilationError(f"`get_partitions_metadata` is not offered for {self.type()}")

    def parse_index(self, raw_index: Any) -> Index | None:
        """Check one entry of the config `indexes`."""
        return None if raw_index is None else read_index(raw_index)

    def verify_database(self, database: str | None) -> str:
        """Check that a database is the connection's own, beyond which PostgreSQL cannot see."""
        target = self._parts.world.target()
        own = target.get("database") or target.get("dbname")
        is_other = bool(own and database) and str(database).strip('"').lower() != str(own).lower()
        if is_other and self.type() == "postgres":
            raise CompilationError(
                f"`{database}` is another database than the target's, `{own}`, and PostgreSQL"
                " does not read across databases",
                code="other-database",
            )
        return ""

    def is_motherduck(self) -> bool:
        """Tell whether the DuckDB database is hosted."""
        path = str(self._parts.world.target().get("path", ""))
        return path.startswith(("md:", "motherduck:"))

    def is_ducklake(self, relation: Any = None) -> bool:
        """Tell whether a relation lies in a DuckLake; none does here."""
        del relation
        return False

    def disable_transactions(self) -> bool:
        """Tell whether transactions are switched off in the profile."""
        return bool(self._parts.world.target().get("disable_transactions", False))

    def external_root(self) -> str:
        """Return the directory of DuckDB's external files."""
        return str(self._parts.world.target().get("external_root") or ".")

    def get_binding_char(self) -> str:
        """Return the placeholder of bound values."""
        return "?" if self.type() == "duckdb" else "%s"

    def escape_sql_string(self, value: Any) -> str:
        """Return text with its single quotes doubled."""
        return str(value).replace("'", "''")

    def warn_once(self, msg: Any) -> str:
        """Report a warning."""
        self._parts.warn(str(msg))
        return ""


class ParseAdapter(Adapter):
    """The adapter while parsing: nothing is asked of a warehouse."""

    def execute(self, *_args: Any, **_kwargs: Any) -> tuple[Any, Table]:
        """Give an empty answer."""
        return empty_answer()

    def __getattr__(self, name: str) -> Any:
        if name not in _BLANKS:
            raise AttributeError(name)
        return _BLANKS[name]


def _blank(make: Callable[[], Any]) -> Callable[..., Any]:
    return lambda *_args, **_kwargs: make()


def _nothing() -> None:
    return None


_BLANKS: Mapping[str, Callable[..., Any]] = {
    **{
        name: _blank(_nothing)
        for name in (
            "get_relation", "expand_target_column_types", "drop_relation", "truncate_relation",
            "rename_relation", "create_schema", "drop_schema", "commit", "valid_snapshot_target",
            "assert_valid_snapshot_target_given_strategy", "get_incremental_strategy_macro",
            "get_hard_deletes_behavior",
        )
    },
    **{
        name: _blank(list)
        for name in (
            "get_columns_in_relation", "get_columns_in_table", "get_missing_columns",
            "get_column_schema_from_query", "list_relations",
        )
    },
    **{name: _blank(str) for name in ("cache_added", "cache_dropped", "cache_renamed")},
    **{name: _blank(bool) for name in ("check_schema_exists", "already_exists")},
    "add_query": _blank(lambda: (None, None)),
}  # fmt: skip
"""What methods that ask the warehouse give while parsing (section 5's second column)."""


class RunAdapter(Adapter):
    """The adapter while running."""

    @property
    def _warehouse(self) -> Warehouse:
        warehouse = self._parts.world.warehouse
        if warehouse is None:
            raise CompilationError("A template asked the warehouse where none is open")
        return warehouse

    # Statements

    def execute(
        self,
        sql: str,
        auto_begin: bool = False,
        fetch: bool = False,
        limit: int | None = None,
    ) -> tuple[ResponseView, Table]:
        """Run SQL and return its response and rows (JINJA-103)."""
        answer = self._warehouse.execute(
            str(sql), fetch=bool(fetch), limit=limit, auto_begin=bool(auto_begin)
        )
        return answer_parts(answer, self._parts.write)

    def add_query(
        self,
        sql: str,
        auto_begin: bool = True,
        bindings: Any = None,
        abridge_sql_log: bool = False,
    ) -> tuple[Any, CursorView]:
        """Run SQL, with bound values where there are any, and return its cursor (JINJA-104)."""
        del abridge_sql_log
        warehouse = self._warehouse
        if bindings is None:
            answer = warehouse.execute(str(sql), fetch=True, auto_begin=bool(auto_begin))
        else:
            answer = warehouse.execute_bound(str(sql), list(bindings), auto_begin=bool(auto_begin))
        return None, CursorView(answer)

    def commit(self) -> str:
        """Commit if a transaction is open."""
        self._warehouse.commit()
        return ""

    # Relations

    def get_relation(self, database: Any, schema: Any, identifier: Any) -> Relation | None:
        """Return a relation the warehouse has, or None; a name that differs only in case is an
        error (JINJA-96, ADPT-19).
        """
        wanted = RelationName(
            database=_text(database), schema=_text(schema), identifier=_text(identifier)
        )
        found = self._warehouse.relation(wanted)
        if found is None:
            return None
        relation = listed_relation(self._dialect, found)
        for part in ("database", "schema", "identifier"):
            asked = getattr(wanted, part)
            if asked is not None and asked != getattr(found.name, part):
                raise approximate_match(relation, relation.replace_path(**{part: asked}))
        return relation

    def list_relations(self, database: Any = None, schema: Any = None) -> list[Relation]:
        """List a schema, from the cache."""
        found = self._warehouse.relations(_text(database), str(schema))
        return [listed_relation(self._dialect, listed) for listed in found]

    def check_schema_exists(self, database: Any, schema: Any) -> bool:
        """Tell whether a schema exists."""
        wanted = str(schema).lower()
        return any(name.lower() == wanted for name in self._warehouse.schemas(_text(database)))

    def already_exists(self, schema: Any, name: Any) -> bool:
        """Tell whether the target's database has a relation."""
        return self.get_relation(self._own_database(), schema, name) is not None

    def drop_relation(self, relation: Any) -> str:
        """Drop a relation through the macro of that name."""
        if relation.type is None:
            raise CompilationError(
                f"`{relation}` was to be dropped, and its type is not known",
                code="relation-without-type",
                hint="Get it with adapter.get_relation, or create it with a type",
            )
        self.cache_dropped(relation)
        self._parts.call("drop_relation", relation)
        return ""

    def truncate_relation(self, relation: Any) -> str:
        """Empty a relation through the macro of that name."""
        self._parts.call("truncate_relation", relation)
        return ""

    def rename_relation(self, from_relation: Any, to_relation: Any) -> str:
        """Rename a relation through the macro of that name."""
        self.cache_renamed(from_relation, to_relation)
        self._parts.call("rename_relation", from_relation, to_relation)
        return ""

    def create_schema(self, relation: Any) -> str:
        """Create a relation's schema through the macro of that name, and commit."""
        self._parts.call("create_schema", relation.without_identifier())
        self._warehouse.commit()
        return ""

    def drop_schema(self, relation: Any) -> str:
        """Drop a relation's schema through the macro of that name, and commit."""
        self._parts.call("drop_schema", relation.without_identifier())
        self._warehouse.commit()
        self._warehouse.cache_schema_dropped(relation.database, relation.schema)
        return ""

    def cache_added(self, relation: Any) -> str:
        """Tell the cache of a relation."""
        kind = "table" if relation.type is None else str(relation.type)
        self._warehouse.cache_added(ListedRelation(name=name_of(relation), type=kind))
        return ""

    def cache_dropped(self, relation: Any) -> str:
        """Tell the cache that a relation is gone."""
        if relation is not None:
            self._warehouse.cache_dropped(name_of(relation))
        return ""

    def cache_renamed(self, from_relation: Any, to_relation: Any) -> str:
        """Tell the cache that a relation has another name."""
        self._warehouse.cache_renamed(name_of(from_relation), name_of(to_relation))
        return ""

    # Columns

    def get_columns_in_relation(self, relation: Any) -> list[Column]:
        """Return a relation's columns, through the macro of that name."""
        try:
            return list(self._parts.call("get_columns_in_relation", relation))
        except WarehouseError as error:
            words = self._parts.world.dialect.says_missing
            if words is None or words not in str(error):
                raise
            return []

    def get_columns_in_table(self, schema: Any, identifier: Any) -> list[Column]:
        """Return a relation's columns (deprecated)."""
        relation = self._parts.relations.create(self._own_database(), schema, identifier)
        return self.get_columns_in_relation(relation)

    def get_column_schema_from_query(self, sql: str) -> list[Column]:
        """Return the columns a query gives."""
        return [self._parts.columns.of(found) for found in self._warehouse.query_columns(str(sql))]

    def get_missing_columns(self, from_relation: Any, to_relation: Any) -> list[Column]:
        """Return the columns that the first has and the second has not."""
        known = {column.name for column in self.get_columns_in_relation(to_relation)}
        columns = self.get_columns_in_relation(from_relation)
        return [column for column in columns if column.name not in known]

    def expand_target_column_types(self, from_relation: Any, to_relation: Any) -> None:
        """Widen the text columns of the second to the sizes of the first."""
        wider = {column.name: column for column in self.get_columns_in_relation(from_relation)}
        for column in self.get_columns_in_relation(to_relation):
            other = wider.get(column.name)
            if other is not None and column.can_expand_to(other):
                new_type = column.string_type(other.string_size())
                self._parts.call("alter_column_type", to_relation, column.name, new_type)

    # Incremental models and snapshots

    def get_incremental_strategy_macro(self, context: Any, strategy: str | None = None) -> Any:
        """Return the macro that writes a strategy's SQL (JINJA-111)."""
        return _strategy_macro(
            context, strategy, self._dialect.incremental_strategies, self.type()
        )

    def get_hard_deletes_behavior(self, config: Any) -> str:
        """Return what a snapshot does about rows that are gone (JINJA-113)."""
        return _hard_deletes(config)

    def valid_snapshot_target(self, relation: Any, column_names: Any = None) -> None:
        """Stop if a snapshot's table has not the columns of a snapshot."""
        self.assert_valid_snapshot_target_given_strategy(relation, column_names)

    def assert_valid_snapshot_target_given_strategy(
        self, relation: Any, column_names: Any = None, strategy: Any = None
    ) -> None:
        """Stop if a snapshot's table has not the columns its strategy needs (JINJA-113)."""
        wanted = [*_SNAPSHOT_COLUMNS]
        if isinstance(strategy, Mapping) and strategy.get("hard_deletes") == "new_record":
            wanted.append("dbt_is_deleted")
        named = [str((column_names or {}).get(name) or name) for name in wanted]
        present = {column.name.lower() for column in self.get_columns_in_relation(relation)}
        absent = [name for name in named if name.lower() not in present]
        if absent:
            raise CompilationError(
                f"The snapshot's table `{relation}` has no column"
                f" {', '.join(f'`{name}`' for name in absent)}",
                code="snapshot-columns",
                hint="Was it made by something else, or before `snapshot_meta_column_names` or"
                " `hard_deletes` was changed? Add the columns, or drop the table",
            )

    def _own_database(self) -> Any:
        return self._parts.world.target().get("database")


def _strategy_macro(
    context: Mapping[str, Any], strategy: str | None, supported: tuple[str, ...] | None, kind: str
) -> Any:
    """Return the macro that writes a strategy's SQL (JINJA-111)."""
    name = strategy or "default"
    if name in BUILTIN_STRATEGIES and supported is not None and name not in supported:
        raise CompilationError(
            f"{kind} has no incremental strategy `{name}`",
            code="incremental-strategy",
            hint=f"It has {', '.join(f'`{one}`' for one in supported)}",
        )
    wanted = f"get_incremental_{name.replace('+', '_')}_sql"
    macro = context.get(wanted)
    if macro is None:
        raise CompilationError(
            f"The incremental strategy `{name}` needs a macro `{wanted}`, and there is none",
            code="incremental-strategy",
            hint=nearest_hint(name, supported or BUILTIN_STRATEGIES),
        )
    return macro


def _hard_deletes(config: Any) -> str:
    """Return what a snapshot does about rows that are gone (PROJ-116)."""
    legacy, chosen = config.get("invalidate_hard_deletes"), config.get("hard_deletes")
    if legacy is not None and chosen is not None:
        raise CompilationError(
            "A snapshot sets both `invalidate_hard_deletes` and `hard_deletes`",
            code="snapshot-hard-deletes",
            hint="Keep `hard_deletes`",
        )
    if legacy:
        return "invalidate"
    chosen = chosen or "ignore"
    if chosen not in HARD_DELETES:
        raise CompilationError(
            f"`hard_deletes: {chosen}` is not one of {', '.join(HARD_DELETES)}",
            code="snapshot-hard-deletes",
            hint=nearest_hint(str(chosen), HARD_DELETES),
        )
    return str(chosen)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
