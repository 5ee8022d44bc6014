"""What a warehouse answers: rows, columns, listings."""

from typing import Any

import msgspec

from upriver.resources.relation import RelationName


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement reported of itself; becomes `adapter_response` (ART-57)."""

    message: str
    code: str | None = None
    rows_affected: int | None = None
    extra: dict[str, Any] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A statement's response and, where asked for, its rows."""

    response: Response
    column_names: tuple[str, ...] = ()
    column_types: tuple[str, ...] = ()
    """The driver's or the warehouse's type text per column, as the adapter's catalog spells it."""
    rows: tuple[tuple[Any, ...], ...] = ()


class ColumnType(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a relation or query as the warehouse describes it."""

    name: str
    data_type: str
    char_size: int | None = None
    numeric_precision: int | None = None
    numeric_scale: int | None = None


class ListedRelation(msgspec.Struct, frozen=True, kw_only=True):
    """One relation found by listing a schema."""

    name: RelationName
    type: str
    """`table`, `view`, `materialized_view`, `external`, ..."""
    depends_on: tuple[RelationName, ...] = ()
    """For a view on a warehouse that drops views along with their tables: what it selects from."""
