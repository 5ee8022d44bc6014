"""DuckDB as an adapter (ADPT-107, ADPT-122, ADPT-126)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.adapters.contract import Adapter, Capabilities, Credentials, OpenWarehouse
from upriver.adapters.duckdb.credentials import parse_credentials
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


class DuckdbAdapter:
    """Satisfies `contract.Adapter`; holds no connection."""

    dialect = Dialect(
        type="duckdb",
        type_labels={"STRING": "TEXT"},
        date_function="now()",
        has_subquery_alias=False,
        says_missing="does not exist",
        has_external_sources=True,
        incremental_strategies=("append", "delete+insert", "merge", "microbatch"),
        constraint_support=dict.fromkeys(_CONSTRAINTS, "enforced"),
    )
    capabilities = Capabilities(
        supports=frozenset({"SchemaMetadataByRelations", "MicrobatchConcurrency"}),
    )

    def parse_credentials(
        self, output: Mapping[str, Any], *, profile: str, target: str, root: str
    ) -> tuple[Credentials | None, tuple[Problem, ...]]:
        """Check a rendered output; paths of files are relative to `root`."""
        return parse_credentials(output, profile=profile, target=target, root=root)

    def open(self, credentials: Credentials) -> OpenWarehouse:
        """Return the warehouse; the file is opened, and the driver loaded, on first use."""
        # Deferred: connecting is the exception among what a command does.
        from upriver.adapters.duckdb.warehouse import DuckdbWarehouse

        return DuckdbWarehouse(credentials)

    def convert_type(self, kind: str) -> str:
        """Return the column type of a seed column inferred as `kind`."""
        return _TYPES[kind]


adapter: Adapter = DuckdbAdapter()
