"""What running reports. Front doors render these; nothing else is ever printed by a run."""

from __future__ import annotations

import datetime
from typing import Any, Literal

import msgspec

from upriver.plan.plan import Action, Decision
from upriver.problems import Problem
from upriver.resources.answers import Response

Status = Literal[
    "success", "error", "skipped", "partial success", "no-op", "pass", "fail", "warn",
    "runtime error",
]  # fmt: skip


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """One `timing` entry; times are UTC seconds since the epoch."""

    name: Literal["compile", "execute"]
    started_at: float
    completed_at: float


class Inlined(msgspec.Struct, frozen=True, kw_only=True):
    """An ephemeral model that a step inlined: compiled as well, though no step of its own."""

    unique_id: str
    code: str
    """With its own ephemeral parents inlined."""
    compiled_path: str
    extra_ctes: tuple[tuple[str, str], ...] = ()


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about a source's newest row (ART-69)."""

    max_loaded_at: datetime.datetime
    """The first of all moments where the table is empty."""
    snapshotted_at: datetime.datetime
    """The warehouse's clock when it was asked."""
    age: float
    """Seconds between the two."""


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """How one step ended (ART-57)."""

    unique_id: str
    action: Action
    status: Status
    message: str | None = None
    failures: int | None = None
    """Failing rows of a test; None for everything else."""
    response: Response | None = None
    timing: tuple[Timing, ...] = ()
    thread_id: str = "MainThread"
    execution_time: float = 0.0
    """Seconds."""
    compiled: bool | None = None
    compiled_code: str | None = None
    compiled_path: str | None = None
    """Where the compiled code was written, as messages show it."""
    build_path: str | None = None
    """Where the statement that builds the relation was written."""
    extra_ctes: tuple[tuple[str, str], ...] = ()
    """unique_id and text of each ephemeral parent, in the order in which they stand."""
    inlined: tuple[Inlined, ...] = ()
    relation_name: str | None = None
    decisions: tuple[Decision, ...] = ()
    problem: Problem | None = None
    """The structured form of `message` when the step failed for a reason upriver knows."""
    rows: tuple[tuple[Any, ...], ...] | None = None
    """`show` only."""
    column_names: tuple[str, ...] = ()
    freshness: Freshness | None = None
    """Sources only, where it could be found out."""
    skipped_by: str | None = None
    """unique_id of the step whose failure caused the skip."""
    succeeded_batches: tuple[tuple[str, str], ...] = ()
    """Microbatch models only: start and end of each batch, ISO 8601."""
    failed_batches: tuple[tuple[str, str], ...] = ()
    relation_type: str | None = None
    """Type of the relation that was built, where one was."""
    is_reused: bool = False
    """Nothing was built: what is there, or in the state, is what would have been."""
    cloned_from: Decision | None = None
    """The published relation that was copied: all that was done, or before the build."""
    is_added_to: bool = False
    """The relation was there before, and this build may have kept some of its rows."""


class RunStarted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A plan begins. `total` counts steps and hooks."""

    total: int
    threads: int
    target: str


class StepStarted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A step was handed to a worker; `index` is 1-based start order."""

    unique_id: str
    action: Action
    index: int
    total: int
    thread_id: str
    started_at: float


class StepFinished(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A step ended, in completion order."""

    result: StepResult
    index: int
    total: int
    finished_at: float


class Printed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A template called `print` or `log` or warned."""

    text: str
    level: Literal["print", "info", "debug", "warn"]
    unique_id: str | None = None


class QueryRan(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A statement was sent; debug logs only. `seconds` is wall time, None while it runs."""

    sql: str
    connection: str
    seconds: float | None = None
    status: str = ""
    """`OK`, `ERROR` or `CANCELLED` once it ended."""


class PhaseBegan(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A step began to compile or to execute; told where statements are."""

    unique_id: str
    phase: Literal["compile", "execute"]
    thread_id: str


class RunFinished(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The plan ended; `elapsed` in seconds."""

    elapsed: float
    is_interrupted: bool = False
    inlined: tuple[Inlined, ...] = ()
    """Selected ephemeral models that no step inlined, as compiled by themselves."""


Event = RunStarted | StepStarted | StepFinished | Printed | QueryRan | PhaseBegan | RunFinished
