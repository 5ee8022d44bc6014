"""`catalog.json`, v1 (ART-64 .. ART-68): writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from upriver.resources.catalog import CatalogStatistic, CatalogTable

SCHEMA = "https://schemas.getdbt.com/dbt/catalog/v1.json"

_encoder = msgspec.json.Encoder(enc_hook=str)


def encode_catalog(
    nodes: Mapping[str, CatalogTable],
    sources: Mapping[str, CatalogTable],
    *,
    metadata: Mapping[str, Any],
    errors: Sequence[str] = (),
) -> bytes:
    """Return the artifact. `metadata` lacks only the schema version, which is added if absent."""
    value = {
        "metadata": {"dbt_schema_version": SCHEMA, **metadata},
        "nodes": {key: _table_value(key, table) for key, table in nodes.items()},
        "sources": {key: _table_value(key, table) for key, table in sources.items()},
        "errors": list(errors) or None,
    }
    return _encoder.encode(value)


def _table_value(unique_id: str, table: CatalogTable) -> dict[str, Any]:
    shown = CatalogStatistic(
        id="has_stats",
        label="Has Stats?",
        value=bool(table.statistics),
        is_shown=False,
        description="Indicates whether there are statistics for this table",
    )
    return {
        "metadata": {
            "type": table.type,
            "schema": table.name.schema,
            "name": table.name.identifier,
            "database": table.name.database,
            "comment": table.comment,
            "owner": table.owner,
        },
        "columns": {
            column.name: {
                "type": column.type,
                "index": column.index,
                "name": column.name,
                "comment": column.comment,
            }
            for column in table.columns
        },
        "stats": {one.id: _statistic_value(one) for one in (*table.statistics, shown)},
        "unique_id": unique_id,
    }


def _statistic_value(one: CatalogStatistic) -> dict[str, Any]:
    return {
        "id": one.id,
        "label": one.label,
        "value": one.value,
        "include": one.is_shown,
        "description": one.description,
    }
