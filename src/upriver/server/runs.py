"""Runs: their states, and the ways between them, each guarded in SQL (R-01).

1 queued -> 2 starting -> 3 running -> 10 success, 20 error or 30 cancelled; queued and starting
runs may be cancelled too, and a run whose worker was lost ends in error from anywhere. A terminal
status never changes: every step names the statuses it may leave from in its WHERE.

`finish` is the only way to an end of a run that was carried out; one that nobody has taken, or whose
worker was lost, leaves nothing and is ended by the queue (`jobs/queue.py`). `finish` writes artifacts,
decides whether the run is usable, adds to the ledger and moves the state pointer, all in the caller's
transaction: whoever sees the new status sees everything else as well.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from upriver.server.artifacts import StoredArtifact, add_artifacts
from upriver.server.db.tables import environments, run_steps, runs
from upriver.server.ledger import Build, merge
from upriver.server.moments import now, read_moment
from upriver.server.states import advance
from upriver.server.unpacked import BUILDING, ManifestFacts


class Status(enum.IntEnum):
    """Statuses of runs and of their steps, as clients know them."""

    QUEUED = 1
    STARTING = 2
    RUNNING = 3
    SUCCESS = 10
    ERROR = 20
    CANCELLED = 30


CLEANING = "upriver clean --schema --yes"
"""The command that drops what checks of a pull request built."""
TERMINAL = frozenset({Status.SUCCESS, Status.ERROR, Status.CANCELLED})
_FROM: Mapping[Status, tuple[Status, ...]] = {
    Status.STARTING: (Status.QUEUED,),
    Status.RUNNING: (Status.STARTING,),
    Status.SUCCESS: (Status.RUNNING,),
    Status.ERROR: (Status.QUEUED, Status.STARTING, Status.RUNNING),
    Status.CANCELLED: (Status.QUEUED, Status.STARTING, Status.RUNNING),
}
"""From which statuses each may be reached."""

_OLDEST_SCHEMA = 4


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is when it begins."""

    account_id: int
    project_id: int
    environment_id: int
    job_id: int | None = None
    cause: str
    cause_category: str
    status: Status = Status.QUEUED
    trigger: Mapping[str, Any] = {}
    is_ci: bool = False
    is_redirected: bool = False
    """Whether an override sends what it builds elsewhere."""
    pull_request_id: str | None = None
    git_sha: str | None = None
    git_branch: str | None = None
    triggered_by: str | None = None
    idempotency_key: str | None = None
    should_start_at: datetime.datetime | None = None
    dbt_version: str | None = None
    retrying_run_id: int | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a run; the first three are always the built-in ones (platform.md 6.3)."""

    index: int
    name: str
    status: Status
    command: str | None = None
    logs: str = ""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended, and what it leaves."""

    status: Status
    message: str | None = None
    finished_at: datetime.datetime | None = None
    """None: now. An uploaded run ended when its artifacts say so."""
    started_at: datetime.datetime | None = None
    command: str | None = None
    """The verb of the step that wrote the manifest, such as `build`."""
    is_empty: bool = False
    """Whether relations were built without their rows (`--empty`, `--sample`)."""
    manifest: ManifestFacts | None = None
    manifest_artifact: StoredArtifact | None = None
    index_key: str | None = None
    """The lean index of the manifest in the store."""
    artifacts: tuple[StoredArtifact, ...] = ()
    builds: tuple[Build, ...] = ()


def create_run(connection: Connection, wanted: NewRun) -> int:
    """Add a run."""
    moment = now()
    values = msgspec.structs.asdict(wanted)
    values["trigger"] = dict(wanted.trigger)
    row = connection.execute(
        insert(runs).values(created_at=moment, updated_at=moment, **values)
    ).inserted_primary_key
    assert row is not None  # noqa: S101 - single inserts have one
    return int(row[0])


def add_step(connection: Connection, account_id: int, run_id: int, step: Step) -> None:
    """Add a step that is over already, or begins."""
    moment = now()
    connection.execute(
        insert(run_steps).values(
            account_id=account_id,
            run_id=run_id,
            created_at=moment,
            updated_at=moment,
            **msgspec.structs.asdict(step),
        )
    )


def move(connection: Connection, run_id: int, status: Status, **changes: Any) -> bool:
    """Bring a run to a status that is not an end; False when it may not go there any more."""
    done = connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.status.in_(_FROM[status]))
        .values(status=status, updated_at=now(), **changes)
    )
    return done.rowcount == 1


def finish(connection: Connection, run_id: int, ending: Ending) -> bool:
    """End a run with all that follows from it; False when it has ended already."""
    moment = now()
    finished_at = min(ending.finished_at or moment, moment)
    done = connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.status.in_(_FROM[ending.status]))
        .values(
            status=ending.status,
            status_message=ending.message,
            finished_at=finished_at,
            updated_at=moment,
            lease=None,
            **({} if ending.started_at is None else {"started_at": ending.started_at}),
            **_manifest_columns(ending),
        )
    )
    if done.rowcount != 1:
        return False
    run = connection.execute(select(runs).where(runs.c.id == run_id)).one()
    environment = connection.execute(
        select(environments).where(environments.c.id == run.environment_id)
    ).one()
    add_artifacts(connection, run.account_id, run_id, ending.artifacts)
    reason = _unusable(run, ending, accepts_parsed=environment.accepts_parsed)
    connection.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(is_usable=reason is None, unusable_reason=reason)
    )
    # What was built was built, even if something else failed; but not somewhere else.
    if ending.builds and not (run.is_ci or run.is_redirected or ending.is_empty):
        merge(connection, run.environment_id, run_id, ending.builds)
    advance(connection, run.environment_id)
    return True


def _manifest_columns(ending: Ending) -> dict[str, Any]:
    facts, artifact = ending.manifest, ending.manifest_artifact
    if facts is None or artifact is None:
        return {"command": ending.command}
    return {
        "command": ending.command,
        "invocation_id": facts.invocation_id,
        "dbt_version": facts.dbt_version,
        "manifest_sha256": artifact.sha256,
        "manifest_size": artifact.size,
        "manifest_schema_version": facts.schema_version,
        "manifest_generated_at": read_moment(facts.generated_at),
        "index_key": ending.index_key,
    }


def _unusable(run: Any, ending: Ending, *, accepts_parsed: bool) -> str | None:
    """Why the run cannot be deferred to; None when it can (platform.md section 3)."""
    if ending.status is not Status.SUCCESS:
        return "it did not succeed"
    if run.is_ci:
        return "it ran for a pull request"
    if run.is_redirected:
        return "an override sent what it built elsewhere"
    if ending.is_empty:
        return "it built relations without their rows"
    if ending.manifest is None or ending.index_key is None:
        return "it has no manifest"
    if (ending.manifest.schema_version or 0) < _OLDEST_SCHEMA:
        return "its manifest has a schema version that is not known"
    if ending.command not in BUILDING and not accepts_parsed:
        return f"`{ending.command or 'parse'}` builds nothing"
    return None
