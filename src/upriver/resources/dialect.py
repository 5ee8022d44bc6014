"""How a warehouse writes names, as plain data that templates, naming and adapters share."""

from typing import Literal

import msgspec

from upriver.resources.relation import Quoting, RelationName


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """The naming rules of one kind of warehouse (ADPT-107..115)."""

    type: str
    """The adapter's name in `profiles.yml`, e.g. `duckdb`; first dispatch prefix."""
    parents: tuple[str, ...] = ()
    """Adapters whose macros apply where this one has none, nearest first."""
    quote_character: str = '"'
    quoting: Quoting = Quoting()
    """Default quote policy."""
    include: Quoting = Quoting()
    """Which parts a rendered name shows."""
    folding: Literal["lower", "upper", "preserve"] = "lower"
    """What the warehouse does to an unquoted identifier."""
    max_identifier_length: int | None = None
    type_labels: dict[str, str] = {}
    """Column type aliases (`STRING` -> `TEXT`), keys upper case."""
    date_function: str = "CURRENT_TIMESTAMP"
    """dbt's `sql_now` (JINJA-66)."""
    renameable_types: frozenset[str] = frozenset()
    """Types of relation that can be renamed (`can_be_renamed`, JINJA-118)."""
    replaceable_types: frozenset[str] = frozenset()
    """Types of relation that `create or replace` replaces (`can_be_replaced`)."""
    has_subquery_alias: bool = True
    """Whether a subquery in `from` must be given a name (JINJA-122)."""
    says_missing: str | None = None
    """Words of the warehouse for a relation that is not there, where that has no columns instead
    of being an error; None where the warehouse lists no columns of it anyway."""
    incremental_strategies: tuple[str, ...] | None = None
    """Strategies the warehouse supports; None refuses none (JINJA-111)."""
    knows_last_change: bool = False
    """Whether the warehouse tells when a table was changed last (`TableLastModifiedMetadata`)."""
    has_external_sources: bool = False
    """Whether `meta.external_location` of a source stands for its name."""
    constraint_support: dict[str, str] = {}
    """Constraint type to `enforced`, `not_enforced` or `not_supported`; enforced when absent."""


def quote(dialect: Dialect, identifier: str) -> str:
    """Quote one identifier."""
    mark = dialect.quote_character
    return f"{mark}{identifier}{mark}"


def render_name(
    dialect: Dialect, name: RelationName, quoting: Quoting, include: Quoting | None = None
) -> str:
    """Render a dotted name; missing parts are left out (JINJA-121)."""
    shown = include or dialect.include
    parts: list[str] = []
    if name.database and shown.database:
        parts.append(quote(dialect, name.database) if quoting.database else name.database)
    if name.schema and shown.schema:
        parts.append(quote(dialect, name.schema) if quoting.schema else name.schema)
    if name.identifier and shown.identifier:
        parts.append(quote(dialect, name.identifier) if quoting.identifier else name.identifier)
    return ".".join(parts)


def merge_quoting(base: Quoting, *overrides: dict[str, object] | None) -> Quoting:
    """Return `base` with the `database`/`schema`/`identifier` keys of the overrides applied."""
    parts = {"database": base.database, "schema": base.schema, "identifier": base.identifier}
    for override in overrides:
        for key, value in (override or {}).items():
            if key in parts and value is not None:
                parts[key] = bool(value)
    return Quoting(**parts)
