"""What a warehouse's own catalog says of relations (ART-64..68)."""

from typing import Any

import msgspec

from upriver.resources.relation import RelationName


class CatalogColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column as it is in the warehouse."""

    name: str
    type: str
    index: int
    comment: str | None = None


class CatalogStatistic(msgspec.Struct, frozen=True, kw_only=True):
    """One figure a warehouse gives of a table, e.g. its size."""

    id: str
    label: str
    value: Any
    is_shown: bool = True
    description: str = ""


class CatalogTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table or view with its columns in order."""

    name: RelationName
    type: str
    comment: str | None = None
    owner: str | None = None
    columns: tuple[CatalogColumn, ...] = ()
    statistics: tuple[CatalogStatistic, ...] = ()


def catalog_key(name: RelationName) -> tuple[str, str, str]:
    """Return what relations are matched by (ART-66): their parts without case."""
    parts = (name.database, name.schema, name.identifier)
    database, schema, identifier = ((part or "").lower() for part in parts)
    return database, schema, identifier
