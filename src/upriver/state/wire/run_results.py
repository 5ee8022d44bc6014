"""`run_results.json`, v6 (ART-55 .. ART-63): writing and reading.

What upriver decided for each reference is written into a row's `adapter_response` under the key
`upriver`. dbt-core 1.11 also tolerates keys of its own invention elsewhere when it reads results
for `result:` and for `retry`, but its published schema allows unknown keys only there and in
`args`, and `args` is turned into flags by `retry`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from upriver.problems import Problem
from upriver.resources.answers import Response
from upriver.state.wire.read import not_json, shape_error, wrong_shape

SCHEMA = "https://schemas.getdbt.com/dbt/run-results/v6.json"
DECISIONS_KEY = "upriver"


class ResultTiming(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds since the epoch, UTC."""

    name: str
    started_at: float
    completed_at: float


class ResultDecision(msgspec.Struct, frozen=True, kw_only=True):
    """One reference's decision, as recorded (defect D1)."""

    target: str
    place: str
    reason: str
    relation_name: str | None = None
    state: str | None = None
    """Which state it was read from."""


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `results` (ART-57)."""

    unique_id: str
    status: str
    message: str | None = None
    failures: int | None = None
    response: Response | None = None
    timing: tuple[ResultTiming, ...] = ()
    thread_id: str = "MainThread"
    execution_time: float = 0.0
    compiled: bool | None = None
    compiled_code: str | None = None
    relation_name: str | None = None
    succeeded_batches: tuple[tuple[str, str], ...] = ()
    """Start and end of each batch, in ISO form; microbatch models only."""
    failed_batches: tuple[tuple[str, str], ...] = ()
    decisions: tuple[ResultDecision, ...] = ()


class WireBatches(msgspec.Struct, frozen=True):
    """`batch_results`."""

    successful: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


class WireRow(msgspec.Struct, frozen=True):
    """What is read of a row."""

    unique_id: str
    status: str
    message: Any = None
    failures: int | None = None
    execution_time: float | None = None
    relation_name: str | None = None
    batch_results: WireBatches | None = None


class WireRunMetadata(msgspec.Struct, frozen=True):
    """What is read of `metadata`."""

    generated_at: str | None = None
    invocation_id: str | None = None


class WireRunResults(msgspec.Struct, frozen=True):
    """What is read of the artifact; v4 and v5 have the same keys and fewer of them."""

    metadata: WireRunMetadata | None = None
    results: tuple[WireRow, ...] = ()
    args: dict[str, Any] | None = None


def _spell(value: Any) -> str:
    """Write values JSON has no form for (paths, patterns) as their text."""
    return str(value)


_encoder = msgspec.json.Encoder(enc_hook=_spell)
_RESULTS = msgspec.json.Decoder(WireRunResults)


def encode_run_results(
    rows: Sequence[ResultRow],
    *,
    metadata: Mapping[str, Any],
    args: Mapping[str, Any],
    elapsed_time: float,
) -> bytes:
    """Return the artifact. `metadata` lacks only the schema version, which is added if absent."""
    value = {
        "metadata": {"dbt_schema_version": SCHEMA, **metadata},
        "results": [_row_value(row) for row in rows],
        "elapsed_time": elapsed_time,
        "args": args,
    }
    return _encoder.encode(value)


def decode_run_results(
    data: bytes, file: str
) -> tuple[WireRunResults | None, tuple[Problem, ...]]:
    """Decode an artifact of any version, or say what is wrong with it."""
    try:
        return _RESULTS.decode(data), ()
    except msgspec.ValidationError as error:
        return None, (wrong_shape(file, *shape_error(error)),)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return None, (not_json("RunResultsArtifact", file, str(error)),)


def moment(seconds: float) -> str:
    """Spell seconds since the epoch as artifacts do: UTC, microseconds, `Z` (ART-76)."""
    time = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def adapter_response(
    response: Response | None, decisions: Sequence[ResultDecision] = ()
) -> dict[str, Any]:
    """Return `adapter_response`: what the statement reported, and the decisions."""
    value: dict[str, Any] = {}
    if response is not None:
        value["_message"] = response.message
        if response.code is not None:
            value["code"] = response.code
        if response.rows_affected is not None:
            value["rows_affected"] = response.rows_affected
        value |= response.extra
    if decisions:
        value[DECISIONS_KEY] = {"references": [_decision(item) for item in decisions]}
    return value


def _decision(decision: ResultDecision) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(decision)
    if decision.state is None:
        del value["state"]
    return value


def timing_values(timing: Sequence[ResultTiming]) -> list[dict[str, str]]:
    """Return `timing` entries."""
    return [
        {
            "name": item.name,
            "started_at": moment(item.started_at),
            "completed_at": moment(item.completed_at),
        }
        for item in timing
    ]


def _row_value(row: ResultRow) -> dict[str, Any]:
    batches = None
    if row.succeeded_batches or row.failed_batches:
        batches = {"successful": row.succeeded_batches, "failed": row.failed_batches}
    return {
        "status": row.status,
        "timing": timing_values(row.timing),
        "thread_id": row.thread_id,
        "execution_time": row.execution_time,
        "adapter_response": adapter_response(row.response, row.decisions),
        "message": row.message,
        "failures": row.failures,
        "unique_id": row.unique_id,
        "compiled": row.compiled,
        "compiled_code": row.compiled_code,
        "relation_name": row.relation_name,
        "batch_results": batches,
    }
