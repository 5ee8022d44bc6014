"""Relations as templates see them (JINJA-117..124).

A `Relation` is a value: every method that seems to change it returns another. Rendering it as
text gives the dotted name, or a subquery in its place when it carries a row limit (`--empty`) or
an event-time window (microbatch, `--sample`). What differs between warehouses is read from its
`Dialect`, so there is one class for all of them.
"""

from __future__ import annotations

import builtins
import datetime
import enum
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NoReturn

import msgspec
from msgspec.structs import replace

from upriver.jinja.errors import CompilationError
from upriver.resources.answers import ListedRelation
from upriver.resources.dialect import Dialect
from upriver.resources.relation import Quoting, RelationName

CTE_PREFIX = "__dbt__cte__"


class RelationType(enum.StrEnum):
    """What a relation is (JINJA-124)."""

    Table = "table"
    View = "view"
    CTE = "cte"
    MaterializedView = "materialized_view"
    Ephemeral = "ephemeral"
    External = "external"
    PointerTable = "pointer_table"
    Function = "function"


_TYPES: dict[str | None, RelationType | None] = {
    None: None, **{str(member): member for member in RelationType},
}  # fmt: skip


class Path(msgspec.Struct, frozen=True):
    """The three parts of a name, as `relation.path`."""

    database: str | None = None
    schema: str | None = None
    identifier: str | None = None


class Policy(msgspec.Struct, frozen=True):
    """Which parts of a name are quoted or shown."""

    database: bool = True
    schema: bool = True
    identifier: bool = True

    def get(self, key: str, default: Any = None) -> Any:
        """Return one part, as a mapping would."""
        return getattr(self, key) if key in self.__struct_fields__ else default

    def __getitem__(self, key: str) -> bool:
        if key not in self.__struct_fields__:
            raise KeyError(key)
        value: bool = getattr(self, key)
        return value


ALL_PARTS = Policy()


class EventTimeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A window over the column that says when a row happened."""

    field_name: str
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None

    def condition(self) -> str:
        """Return the predicate; empty when the window has no bounds."""
        bounds = []
        if self.start is not None:
            bounds.append(f"{self.field_name} >= '{self.start}'")
        if self.end is not None:
            bounds.append(f"{self.field_name} < '{self.end}'")
        return " and ".join(bounds)


class Relation(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A warehouse object's name, type and quoting."""

    dialect: Dialect
    database: str | None = None
    schema: str | None = None
    identifier: str | None = None
    type: RelationType | None = None
    quote_policy: Policy = ALL_PARTS
    include_policy: Policy = ALL_PARTS
    limit: int | None = None
    """Rows a query over it may give; 0 gives none."""
    event_time_filter: EventTimeFilter | None = None
    require_alias: bool = True
    """Whether the subquery of a limit or window is given a name."""
    dbt_created: bool = False
    catalog: str | None = None
    external: str | None = None
    """Text that is rendered in place of the name (files read by DuckDB)."""

    Table: ClassVar[RelationType] = RelationType.Table
    View: ClassVar[RelationType] = RelationType.View
    CTE: ClassVar[RelationType] = RelationType.CTE
    External: ClassVar[RelationType] = RelationType.External
    MaterializedView: ClassVar[RelationType] = RelationType.MaterializedView
    PointerTable: ClassVar[RelationType] = RelationType.PointerTable
    Function: ClassVar[RelationType] = RelationType.Function
    get_relation_type: ClassVar[builtins.type[RelationType]] = RelationType

    @property
    def name(self) -> str | None:
        """The identifier."""
        return self.identifier

    @property
    def table(self) -> str | None:
        """The identifier."""
        return self.identifier

    @property
    def path(self) -> Path:
        """The three parts."""
        return Path(self.database, self.schema, self.identifier)

    @property
    def quote_character(self) -> str:
        """The mark around quoted parts."""
        return self.dialect.quote_character

    @property
    def renameable_relations(self) -> frozenset[str]:
        """Types that can be renamed."""
        return self.dialect.renameable_types

    @property
    def replaceable_relations(self) -> frozenset[str]:
        """Types that can be replaced."""
        return self.dialect.replaceable_types

    @property
    def can_be_renamed(self) -> bool:
        """Whether its type can be renamed."""
        return self.type in self.dialect.renameable_types

    @property
    def can_be_replaced(self) -> bool:
        """Whether its type can be replaced."""
        return self.type in self.dialect.replaceable_types

    @property
    def is_table(self) -> bool:
        """Whether it is a table."""
        return self.type is RelationType.Table

    @property
    def is_view(self) -> bool:
        """Whether it is a view."""
        return self.type is RelationType.View

    @property
    def is_cte(self) -> bool:
        """Whether it is inlined."""
        return self.type is RelationType.CTE

    @property
    def is_materialized_view(self) -> bool:
        """Whether it is a materialized view."""
        return self.type is RelationType.MaterializedView

    @property
    def is_pointer(self) -> bool:
        """Whether it is a pointer table."""
        return self.type is RelationType.PointerTable

    @property
    def is_function(self) -> bool:
        """Whether it is a function."""
        return self.type is RelationType.Function

    def render(self) -> str:
        """Return the dotted name, without limit or window (JINJA-121)."""
        if self.external is not None:
            return self.external
        shown, quoted, mark = self.include_policy, self.quote_policy, self.dialect.quote_character
        parts = []
        if self.database is not None and shown.database:
            parts.append(f"{mark}{self.database}{mark}" if quoted.database else self.database)
        if self.schema is not None and shown.schema:
            parts.append(f"{mark}{self.schema}{mark}" if quoted.schema else self.schema)
        if self.identifier is not None and shown.identifier:
            part = self.identifier
            parts.append(f"{mark}{part}{mark}" if quoted.identifier else part)
        return ".".join(parts)

    def render_limited(self) -> str:
        """Return the name, or a subquery with the row limit."""
        name = self.render()
        if self.limit is None:
            return name
        rows = "where false limit 0" if self.limit == 0 else f"limit {self.limit}"
        return f"(select * from {name} {rows}){self._alias('limit')}"  # noqa: S608

    def render_event_time_filtered(self, rendered: str | None = None) -> str:
        """Return the name, or `rendered`, with the window around it."""
        text = rendered if rendered is not None else self.render()
        condition = self.event_time_filter.condition() if self.event_time_filter else ""
        if not condition:
            return text
        return f"(select * from {text} where {condition}){self._alias('et_filter')}"  # noqa: S608

    def __str__(self) -> str:
        if self.limit is None and self.event_time_filter is None:
            return self.render()
        return self.render_event_time_filtered(self.render_limited())

    def __repr__(self) -> str:
        return f"<Relation {self}>"

    def _alias(self, kind: str) -> str:
        return f" _dbt_{kind}_subq_{self.identifier}" if self.require_alias else ""

    def incorporate(
        self,
        *,
        path: Mapping[str, Any] | None = None,
        type: str | None = None,  # noqa: A002 - the name templates use
        **changes: Any,
    ) -> Relation:
        """Return it with some values replaced; policies and the path part by part."""
        made: dict[str, Any] = {}
        if path is not None:
            made.update(_parts(path))
        if type is not None:
            made["type"] = relation_type(type)
        for key, value in changes.items():
            if key in {"quote_policy", "include_policy"}:
                made[key] = merged(getattr(self, key), value)
            elif key in _FREE_FIELDS:
                made[key] = value
        return replace(self, **made)

    def replace_path(self, **parts: Any) -> Relation:
        """Return it with parts of the name replaced."""
        return replace(self, **_parts(parts))

    def include(
        self,
        database: bool | None = None,
        schema: bool | None = None,
        identifier: bool | None = None,
    ) -> Relation:
        """Return it with some parts shown or hidden."""
        shown = {"database": database, "schema": schema, "identifier": identifier}
        return replace(self, include_policy=merged(self.include_policy, shown))

    def quote(
        self,
        database: bool | None = None,
        schema: bool | None = None,
        identifier: bool | None = None,
    ) -> Relation:
        """Return it with some parts quoted or not."""
        quoted = {"database": database, "schema": schema, "identifier": identifier}
        return replace(self, quote_policy=merged(self.quote_policy, quoted))

    def without_identifier(self) -> Relation:
        """Return the schema it is in, as a relation."""
        return self.include(identifier=False).replace_path(identifier=None)

    def information_schema(self, view_name: str | None = None) -> InformationSchema:
        """Return the information schema of its database."""
        return InformationSchema(
            dialect=self.dialect,
            database=self.database,
            schema="INFORMATION_SCHEMA",
            information_schema_view=view_name,
            quote_policy=Policy(self.quote_policy.database, schema=False, identifier=False),
            include_policy=Policy(self.include_policy.database),
        )

    def information_schema_only(self) -> InformationSchema:
        """Return the information schema of its database, no view named."""
        return self.information_schema()

    def matches(
        self,
        database: str | None = None,
        schema: str | None = None,
        identifier: str | None = None,
    ) -> bool:
        """Tell whether the given parts are its own; raises when only their case differs."""
        wanted = (("database", database), ("schema", schema), ("identifier", identifier))
        pairs = [(getattr(self, key), value) for key, value in wanted if value is not None]
        if not pairs:
            raise CompilationError("relation.matches() was called without any part of a name")
        if all(own == value for own, value in pairs):
            return True
        if all(own is not None and own.lower() == value.lower() for own, value in pairs):
            raise approximate_match(self, replace(self, **dict(_given(wanted))))
        return False

    def quoted(self, identifier: str) -> str:
        """Return an identifier in quotes."""
        return f"{self.dialect.quote_character}{identifier}{self.dialect.quote_character}"

    @staticmethod
    def add_ephemeral_prefix(name: str) -> str:
        """Return the name of the CTE that an ephemeral model becomes."""
        return f"{CTE_PREFIX}{name}"

    def get(self, key: str, default: Any = None) -> Any:
        """Return an attribute by name; `metadata` for old packages (JINJA-123)."""
        if key == "metadata":
            return {"type": type(self).__name__}
        return getattr(self, key) if key in _READABLE else default

    def to_dict(self, omit_none: bool = False) -> dict[str, Any]:
        """Return its values as plain data."""
        plain: dict[str, Any] = {
            "path": msgspec.structs.asdict(self.path),
            "type": None if self.type is None else str(self.type),
            "quote_character": self.quote_character,
            "include_policy": msgspec.structs.asdict(self.include_policy),
            "quote_policy": msgspec.structs.asdict(self.quote_policy),
            "dbt_created": self.dbt_created,
            "limit": self.limit,
            "require_alias": self.require_alias,
        }
        if omit_none:
            return {key: value for key, value in plain.items() if value is not None}
        return plain

    def __getitem__(self, key: str) -> Any:
        if key not in _READABLE:
            raise KeyError(key)
        return getattr(self, key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Relation):
            return NotImplemented
        return all(getattr(self, key) == getattr(other, key) for key in _COMPARED)

    def __hash__(self) -> int:
        return hash(self.render())

    def __iter__(self) -> Iterator[Any]:
        self._refuse()

    def __len__(self) -> int:  # noqa: PLE0303 - it raises
        self._refuse()

    def __bool__(self) -> bool:
        return True

    def items(self) -> NoReturn:
        """Refuse: a relation is no mapping (JINJA-123)."""
        self._refuse()

    def keys(self) -> NoReturn:
        """Refuse: a relation is no mapping."""
        self._refuse()

    def values(self) -> NoReturn:
        """Refuse: a relation is no mapping."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise CompilationError(
            f"The relation `{self.render()}` was used as a mapping or a list",
            hint="Use its attributes (`.database`, `.schema`, `.identifier`), or put it in a list",
        )


class InformationSchema(Relation, frozen=True, eq=False, kw_only=True):
    """The information schema of a database, with the view that is meant."""

    information_schema_view: str | None = None

    def render(self) -> str:
        """Return `database.INFORMATION_SCHEMA.view`."""
        parts = [Relation.render(self)]
        if self.information_schema_view is not None:
            parts.append(self.information_schema_view)
        return ".".join(part for part in parts if part)


_FREE_FIELDS = frozenset(
    {"limit", "event_time_filter", "require_alias", "dbt_created", "catalog", "external"}
)
_COMPARED = (
    "database", "schema", "identifier", "type", "quote_policy", "include_policy", "limit",
    "event_time_filter", "require_alias", "dbt_created", "external",
)  # fmt: skip
_READABLE = frozenset(
    {*_COMPARED, "name", "table", "path", "quote_character", "catalog", "is_table", "is_view",
     "is_cte", "is_materialized_view", "is_pointer", "is_function", "can_be_renamed",
     "can_be_replaced", "renameable_relations", "replaceable_relations"}
)  # fmt: skip


def relation_type(value: str | None) -> RelationType | None:
    """Return the type a template named; raises for an unknown one."""
    try:
        return _TYPES[value]
    except KeyError:
        known = ", ".join(f"`{member}`" for member in RelationType)
        raise CompilationError(
            f"`{value}` is no type of relation", hint=f"The types are {known}"
        ) from None


def merged(policy: Policy, changes: Mapping[str, Any] | Policy | None) -> Policy:
    """Return a policy with the given parts replaced; parts that are None stay."""
    if changes is None:
        return policy
    if isinstance(changes, Policy):
        return changes
    given = {key: bool(changes[key]) for key in _PARTS if changes.get(key) is not None}
    return replace(policy, **given) if given else policy


def relation_of(
    dialect: Dialect,
    name: RelationName,
    quoting: Quoting,
    *,
    type: str | None = None,  # noqa: A002 - the name templates use
    limit: int | None = None,
    event_time_filter: EventTimeFilter | None = None,
) -> Relation:
    """Return the relation for a name the project decided on."""
    return Relation(
        dialect=dialect,
        database=name.database,
        schema=name.schema,
        identifier=name.identifier,
        type=relation_type(type),
        quote_policy=policy_of(quoting),
        include_policy=policy_of(dialect.include),
        limit=limit,
        event_time_filter=event_time_filter,
        require_alias=dialect.has_subquery_alias,
    )


def listed_relation(dialect: Dialect, found: ListedRelation) -> Relation:
    """Return the relation for an entry of a listing; listed names are quoted in full."""
    return Relation(
        dialect=dialect,
        database=found.name.database,
        schema=found.name.schema,
        identifier=found.name.identifier,
        type=_TYPES.get(found.type),
        include_policy=policy_of(dialect.include),
        require_alias=dialect.has_subquery_alias,
    )


def ephemeral_relation(
    dialect: Dialect,
    identifier: str,
    *,
    limit: int | None = None,
    event_time_filter: EventTimeFilter | None = None,
) -> Relation:
    """Return the CTE that stands for an ephemeral model: an unquoted, undotted name."""
    return Relation(
        dialect=dialect,
        identifier=f"{CTE_PREFIX}{identifier}",
        type=RelationType.CTE,
        quote_policy=Policy(database=False, schema=False, identifier=False),
        limit=limit,
        event_time_filter=event_time_filter,
        require_alias=dialect.has_subquery_alias,
    )


def policy_of(quoting: Quoting) -> Policy:
    """Return the policy that templates see for a quoting setting."""
    return Policy(quoting.database, quoting.schema, quoting.identifier)


def name_of(relation: Relation) -> RelationName:
    """Return a relation's name as plain parts."""
    return RelationName(
        database=relation.database, schema=relation.schema, identifier=relation.identifier
    )


def approximate_match(found: Relation, wanted: Relation) -> CompilationError:
    """Return the error for a relation whose name differs only in case (ADPT-19)."""
    return CompilationError(
        f"`{found.render()}` exists, and differs from `{wanted.render()}` only in case",
        code="relation-approximate-match",
        hint="Drop or rename one of them, or name it with the case it was created with",
    )


_PARTS = ("database", "schema", "identifier")


def _parts(path: Mapping[str, Any]) -> dict[str, Any]:
    return {key: path[key] for key in _PARTS if key in path}


def _given(wanted: tuple[tuple[str, str | None], ...]) -> Iterator[tuple[str, str]]:
    return ((key, value) for key, value in wanted if value is not None)
