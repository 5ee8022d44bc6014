"""Names of warehouse objects, as plain parts."""

import msgspec


class RelationName(msgspec.Struct, frozen=True, kw_only=True):
    """Database, schema and identifier, unquoted; None where the warehouse has no such part."""

    database: str | None
    schema: str | None
    identifier: str | None


class Quoting(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts of a name are quoted."""

    database: bool = True
    schema: bool = True
    identifier: bool = True
