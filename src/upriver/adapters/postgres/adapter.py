"""PostgreSQL as an adapter (ADPT-108, ADPT-120, ADPT-127)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.adapters.contract import Adapter, Capabilities, Credentials, OpenWarehouse
from upriver.adapters.postgres.credentials import parse_credentials
from upriver.problems import Problem
from upriver.resources.dialect import Dialect

_CONSTRAINTS = ("check", "not_null", "unique", "primary_key", "foreign_key")
_TYPES = {
    "integer": "integer",
    "number": "float8",
    "text": "text",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamp without time zone",
    "time": "time",
}


class PostgresAdapter:
    """Satisfies `contract.Adapter`; holds no connection."""

    dialect = Dialect(
        type="postgres",
        type_labels={"STRING": "TEXT"},
        max_identifier_length=63,
        date_function="now()",
        renameable_types=frozenset({"table", "view"}),
        replaceable_types=frozenset({"view"}),
        incremental_strategies=("append", "delete+insert", "merge", "microbatch"),
        constraint_support=dict.fromkeys(_CONSTRAINTS, "enforced"),
    )
    capabilities = Capabilities(
        drops_dependent_views=True,
        supports=frozenset({"SchemaMetadataByRelations"}),
    )

    def parse_credentials(
        self, output: Mapping[str, Any], *, profile: str, target: str, root: str
    ) -> tuple[Credentials | None, tuple[Problem, ...]]:
        """Check a rendered output."""
        del root
        return parse_credentials(output, profile=profile, target=target)

    def open(self, credentials: Credentials) -> OpenWarehouse:
        """Return the warehouse; the driver is loaded when the first connection is made."""
        # Deferred: connecting is the exception among what a command does.
        from upriver.adapters.postgres.warehouse import PostgresWarehouse

        return PostgresWarehouse(credentials)

    def convert_type(self, kind: str) -> str:
        """Return the column type of a seed column inferred as `kind`."""
        return _TYPES[kind]


adapter: Adapter = PostgresAdapter()
