"""Results of an earlier run, as state: for `result:`, `source_status:` and `retry`."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from upriver.problems import Problem, Span
from upriver.state.remote.archive import plain
from upriver.state.wire.run_results import WireRow, decode_run_results
from upriver.state.wire.sources import decode_sources

RETRIED_STATUSES = frozenset({"error", "fail", "skipped", "runtime error", "partial success"})
"""Statuses that `retry` runs again (CLI-124)."""

T = TypeVar("T")
_FIRST_MOMENT = datetime.datetime.min.replace(tzinfo=datetime.UTC)


class PastResult(msgspec.Struct, frozen=True, kw_only=True):
    """How one resource ended in an earlier run."""

    unique_id: str
    status: str
    message: str | None = None
    failures: int | None = None
    execution_time: float = 0.0
    relation_name: str | None = None
    succeeded_batches: tuple[tuple[str, str], ...] = ()
    """Start and end of each batch, in ISO form; microbatch models only."""
    failed_batches: tuple[tuple[str, str], ...] = ()


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier run."""

    location: str
    """The artifact it was read from."""
    generated_at: str | None = None
    invocation_id: str | None = None
    command: str | None = None
    """`which` of its arguments, e.g. `build`."""
    args: dict[str, Any] = {}
    results: dict[str, PastResult] = {}
    """By unique_id, in the order of the artifact."""


class PastFreshness(msgspec.Struct, frozen=True, kw_only=True):
    """What `source freshness` found earlier."""

    unique_id: str
    status: str
    max_loaded_at: str | None = None
    """None where finding out failed."""


def load_run_results(path: str) -> tuple[PastRun | None, tuple[Problem, ...]]:
    """Read `run_results.json` in the directory `path`; a missing file gives None, no problem."""
    location = str(Path(path) / "run_results.json")
    wire, problems = _load(location, decode_run_results)
    if wire is None:
        return None, problems
    metadata = wire.metadata
    args = wire.args or {}
    which = args.get("which")
    run = PastRun(
        location=location,
        generated_at=metadata.generated_at if metadata is not None else None,
        invocation_id=metadata.invocation_id if metadata is not None else None,
        command=which if isinstance(which, str) else None,
        args=args,
        results={row.unique_id: _past_result(row) for row in wire.results},
    )
    return run, problems


def load_sources(path: str) -> tuple[dict[str, PastFreshness] | None, tuple[Problem, ...]]:
    """Read `sources.json` in the directory `path`; a missing file gives None, no problem."""
    wire, problems = _load(str(Path(path) / "sources.json"), decode_sources)
    if wire is None:
        return None, problems
    return {
        row.unique_id: PastFreshness(
            unique_id=row.unique_id,
            status=row.status or "runtime error",
            max_loaded_at=row.max_loaded_at,
        )
        for row in wire.results
    }, problems


def fresher_sources(
    current: Mapping[str, PastFreshness], previous: Mapping[str, PastFreshness]
) -> tuple[str, ...]:
    """Return what `source_status:fresher` selects (SEL-30).

    Sources whose newest row is later than it was, or whose age was not known before; those whose
    freshness could not be found out this time are left out.
    """
    return tuple(
        unique_id
        for unique_id, found in current.items()
        if found.status != "runtime error"
        and (
            unique_id not in previous
            or _moment(found.max_loaded_at) > _moment(previous[unique_id].max_loaded_at)
        )
    )


def to_retry(run: PastRun, *, with_warnings: bool = False) -> tuple[str, ...]:
    """Return what `retry` runs again, in the order of the artifact; hooks are not among it.

    `with_warnings` is `--warn-error`.
    """
    retried = RETRIED_STATUSES | {"warn"} if with_warnings else RETRIED_STATUSES
    return tuple(
        unique_id
        for unique_id, result in run.results.items()
        if result.status in retried and not unique_id.startswith("operation.")
    )


def _past_result(row: WireRow) -> PastResult:
    batches = row.batch_results
    return PastResult(
        unique_id=row.unique_id,
        status=row.status,
        message=row.message if isinstance(row.message, str) else None,
        failures=row.failures,
        execution_time=row.execution_time or 0.0,
        relation_name=row.relation_name,
        succeeded_batches=batches.successful if batches is not None else (),
        failed_batches=batches.failed if batches is not None else (),
    )


def _load(
    location: str, decode: Callable[[bytes, str], tuple[T | None, tuple[Problem, ...]]]
) -> tuple[T | None, tuple[Problem, ...]]:
    try:
        data = Path(location).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None, ()
    except OSError as error:
        return None, (
            Problem(
                code="artifact-unreadable",
                message=f"Could not read `{location}`: {error.strerror}",
                span=Span(file=location),
            ),
        )
    return decode(plain(data), location)


def _moment(text: str | None) -> datetime.datetime:
    """Return the moment a timestamp names; the first of all for what names none."""
    try:
        moment = datetime.datetime.fromisoformat(text or "")
    except ValueError:
        return _FIRST_MOMENT
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
