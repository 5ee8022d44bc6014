"""What exists in the warehouse, as far as a plan needs to know it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upriver.resources.answers import ListedRelation
from upriver.resources.relation import RelationName

SchemaKey = tuple[str, str]


_NOTHING: Mapping[tuple[str | None, str], tuple[str, ...]] = {}


def schema_key(database: str | None, schema: str | None) -> SchemaKey:
    """Return the case-insensitive key of a schema."""
    return (database or "").lower(), (schema or "").lower()


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """Listings by schema. A schema that was not listed is unknown, one that is absent is empty."""

    listings: Mapping[SchemaKey, Mapping[str, str]] = {}
    """Identifier (lower case) to relation type, per schema."""
    functions: Mapping[SchemaKey, frozenset[str]] = {}
    """Names (lower case) of functions, per schema; listed only where a plan has functions."""

    def knows(self, name: RelationName) -> bool:
        """Whether the relation's schema was listed."""
        return schema_key(name.database, name.schema) in self.listings

    def type_of(self, name: RelationName) -> str | None:
        """Return the type of the relation of this name, or None when there is none."""
        listing = self.listings.get(schema_key(name.database, name.schema), {})
        return listing.get((name.identifier or "").lower())

    def knows_functions(self, name: RelationName) -> bool:
        """Whether the functions of the name's schema were listed."""
        return schema_key(name.database, name.schema) in self.functions

    def has_function(self, name: RelationName) -> bool:
        """Whether a function of this name was found."""
        listing = self.functions.get(schema_key(name.database, name.schema), frozenset())
        return (name.identifier or "").lower() in listing

    def exists(self, name: RelationName) -> bool:
        """Whether a relation of this name, of any type, was found (deferral.md 6.1)."""
        return self.type_of(name) is not None


def catalog_of(
    listings: Mapping[tuple[str | None, str], tuple[ListedRelation, ...]],
    functions: Mapping[tuple[str | None, str], tuple[str, ...]] = _NOTHING,
) -> Catalog:
    """Build a catalog from listings by (database, schema)."""
    return Catalog(
        listings={
            schema_key(*key): {(r.name.identifier or "").lower(): r.type for r in relations}
            for key, relations in listings.items()
        },
        functions={
            schema_key(*key): frozenset(name.lower() for name in names)
            for key, names in functions.items()
        },
    )
