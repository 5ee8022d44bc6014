"""`sources.json`, v3 (ART-69 .. ART-71): writing and reading."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from upriver.problems import Problem
from upriver.resources.answers import Response
from upriver.state.wire.nodes import freshness_value
from upriver.state.wire.read import not_json, shape_error, wrong_shape
from upriver.state.wire.run_results import ResultTiming, adapter_response, timing_values

SCHEMA = "https://schemas.getdbt.com/dbt/sources/v3.json"


class FreshnessRow(msgspec.Struct, frozen=True, kw_only=True):
    """One source's freshness. dbt leaves sources out whose age could not be found out."""

    unique_id: str
    status: str
    max_loaded_at: datetime.datetime
    snapshotted_at: datetime.datetime
    age: float
    """Seconds between the two."""
    criteria: dict[str, Any] | None = None
    """The source's `freshness`."""
    response: Response | None = None
    timing: tuple[ResultTiming, ...] = ()
    thread_id: str = "MainThread"
    execution_time: float = 0.0


class WireFreshness(msgspec.Struct, frozen=True):
    """What is read of a row."""

    unique_id: str
    status: str | None = None
    max_loaded_at: str | None = None


class WireSources(msgspec.Struct, frozen=True):
    """What is read of the artifact."""

    results: tuple[WireFreshness, ...] = ()


_encoder = msgspec.json.Encoder()
_SOURCES = msgspec.json.Decoder(WireSources)


def encode_sources(
    rows: Sequence[FreshnessRow], *, metadata: Mapping[str, Any], elapsed_time: float
) -> bytes:
    """Return the artifact. `metadata` lacks only the schema version, which is added if absent."""
    value = {
        "metadata": {"dbt_schema_version": SCHEMA, **metadata},
        "results": [_row_value(row) for row in rows],
        "elapsed_time": elapsed_time,
    }
    return _encoder.encode(value)


def decode_sources(data: bytes, file: str) -> tuple[WireSources | None, tuple[Problem, ...]]:
    """Decode an artifact of any version, or say what is wrong with it."""
    try:
        return _SOURCES.decode(data), ()
    except msgspec.ValidationError as error:
        return None, (wrong_shape(file, *shape_error(error)),)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return None, (not_json("FreshnessExecutionResultArtifact", file, str(error)),)


def _row_value(row: FreshnessRow) -> dict[str, Any]:
    return {
        "unique_id": row.unique_id,
        "max_loaded_at": row.max_loaded_at.isoformat(),
        "snapshotted_at": row.snapshotted_at.isoformat(),
        "max_loaded_at_time_ago_in_s": row.age,
        "status": row.status,
        "criteria": freshness_value(row.criteria or {}),
        "adapter_response": adapter_response(row.response),
        "timing": timing_values(row.timing),
        "thread_id": row.thread_id,
        "execution_time": row.execution_time,
    }
