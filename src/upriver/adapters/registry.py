"""Finding adapters by the `type:` of a profile.

Adapters are entry points of the group `upriver.adapters`, so that anyone can ship one. Scanning
the metadata of every installed distribution takes tens of milliseconds; the adapters that ship
with upriver are therefore resolved from a literal table, and entry points are read only for a
type the table does not have. No adapter module loads its driver on import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from upriver.problems import Problem
from upriver.resources.nearest import nearest

if TYPE_CHECKING:
    from upriver.adapters.contract import Adapter

_GROUP = "upriver.adapters"
_BUILT_IN = {
    "duckdb": "upriver.adapters.duckdb.adapter:adapter",
    "postgres": "upriver.adapters.postgres.adapter:adapter",
}
# Types people know from dbt, to tell a misspelling from a warehouse that is not there yet.
_KNOWN_TO_DBT = (
    "athena", "bigquery", "clickhouse", "databricks", "fabric", "redshift", "snowflake", "spark",
    "sqlserver", "trino",
)  # fmt: skip


def adapter_names() -> tuple[str, ...]:
    """Return the types that can be loaded, sorted, importing none of them."""
    return tuple(sorted({*_BUILT_IN, *_installed()}))


def load_adapter(adapter_type: str) -> Adapter | Problem:
    """Import the adapter of a type; the driver itself is loaded when a warehouse is opened."""
    place = _BUILT_IN.get(adapter_type) or _installed().get(adapter_type)
    if place is None:
        return _not_found(adapter_type)
    module, _, attribute = place.partition(":")
    return cast("Adapter", getattr(import_module(module), attribute))


def _installed() -> dict[str, str]:
    # Deferred: reading the metadata of all distributions costs start-up time.
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=_GROUP)}


def _not_found(adapter_type: str) -> Problem:
    names = adapter_names()
    near = nearest(adapter_type, names)
    if adapter_type in _KNOWN_TO_DBT:
        hint = f"no adapter for {adapter_type} is installed; there are: {', '.join(names)}"
    elif adapter_type in {"postgresql", "pg"}:
        hint = "did you mean `postgres` (`pip install upriver[postgres]`)?"
    elif near is not None:
        hint = f"did you mean `{near}`?"
    else:
        hint = f"installed adapters: {', '.join(names)}"
    return Problem(
        code="adapter-not-found",
        message=f"there is no adapter of type `{adapter_type}`",
        hint=hint,
    )
