"""The queue of runs in the database: putting in, taking out, keeping, and who is lost.

Statuses only move 1, 2, 3 and then 10, 20 or 30, and every move is one conditional update, so that
of two who try, one does (platform.md R-01). A run that is taken belongs to whoever holds its
lease; a holder says with a heartbeat that it is there (R-02).
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from upriver.server.db.tables import accounts, runs
from upriver.server.runs import NewRun, Status, create_run
from upriver.server.telling import statuses

TAKEN: Final = (Status.STARTING, Status.RUNNING)

_LONGEST_CAUSE: Final = 255
_OVERTAKEN: Final = "A newer scheduled run of the job was queued"
_STALE: Final = "A newer commit of the same pull request is being checked"


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run begins, and what it does differently from its job (platform.md 6.5)."""

    cause: str
    category: str = "api"
    by: str | None = None
    overrides: Mapping[str, Any] = {}
    git_sha: str | None = None
    git_branch: str | None = None
    pull_request_id: str | None = None
    idempotency_key: str | None = None
    retrying_run_id: int | None = None


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A run that somebody carries out."""

    run_id: int
    job_id: int
    secret: str


def put(connection: Connection, job: Any, trigger: Trigger, now: datetime.datetime) -> int:
    """Queue a run of a job's row and return its id; the same idempotency key gives the same run."""
    if trigger.idempotency_key is not None:
        found = connection.scalar(
            select(runs.c.id).where(
                runs.c.job_id == job.id, runs.c.idempotency_key == trigger.idempotency_key
            )
        )
        if found is not None:
            return int(found)
    is_ci = job.job_type == "ci" or trigger.pull_request_id is not None
    if trigger.category == "scheduled":
        _overtake(connection, job.id, now)
    if is_ci and trigger.pull_request_id is not None:
        _cancel_stale(connection, job.id, trigger, now)
    is_redirected = any(
        trigger.overrides.get(key) for key in ("schema_override", "target_name_override")
    )
    wanted = NewRun(
        account_id=job.account_id,
        project_id=job.project_id,
        environment_id=job.environment_id,
        job_id=job.id,
        cause=trigger.cause[:_LONGEST_CAUSE],
        cause_category=trigger.category,
        trigger=trigger.overrides,
        idempotency_key=trigger.idempotency_key,
        is_ci=is_ci,
        is_redirected=is_redirected or is_ci,
        pull_request_id=trigger.pull_request_id,
        git_sha=trigger.git_sha,
        git_branch=trigger.git_branch,
        triggered_by=trigger.by,
        dbt_version=job.dbt_version,
        retrying_run_id=trigger.retrying_run_id,
        should_start_at=now,
    )
    run_id = create_run(connection, wanted)
    statuses.announce(connection, run_id, now)
    return run_id


def _overtake(connection: Connection, job_id: int, now: datetime.datetime) -> None:
    """Cancel the job's scheduled runs that still wait (RUN-03)."""
    mine = and_(runs.c.job_id == job_id, runs.c.cause_category == "scheduled")
    _cancel_waiting(connection, mine, now, status_message=_OVERTAKEN)


def _cancel_stale(
    connection: Connection, job_id: int, trigger: Trigger, now: datetime.datetime
) -> None:
    """Cancel what checks an older commit of the same pull request (RUN-04)."""
    same = and_(runs.c.job_id == job_id, runs.c.pull_request_id == trigger.pull_request_id)
    for run_id in _cancel_waiting(connection, same, now, status_message=_STALE):
        statuses.announce(connection, run_id, now)
    _ask_to_stop(connection, same, now, status_message=_STALE)


def _cancel_waiting(
    connection: Connection, which: ColumnElement[bool], now: datetime.datetime, **why: str
) -> list[int]:
    """End runs that nobody has taken, and return their ids."""
    ended = connection.execute(
        update(runs)
        .where(which, runs.c.status == Status.QUEUED)
        .values(status=Status.CANCELLED, finished_at=now, updated_at=now, **why)
        .returning(runs.c.id)
    )
    return [int(row.id) for row in ended]


def _ask_to_stop(
    connection: Connection, which: ColumnElement[bool], now: datetime.datetime, **why: str
) -> None:
    """Ask the holders of runs to end them; who asked first is remembered."""
    connection.execute(
        update(runs)
        .where(which, runs.c.status.in_(TAKEN), runs.c.cancel_requested_at.is_(None))
        .values(cancel_requested_at=now, updated_at=now, **why)
    )


def take(connection: Connection, worker: str, slots: int, now: datetime.datetime) -> Lease | None:
    """Take the oldest run that may begin: its job is not running, and a slot is free (RUN-02, 05).

    Checks of different pull requests need neither. Call it in a transaction that writes.
    """
    account_ids = connection.scalars(
        select(runs.c.account_id).where(runs.c.status == Status.QUEUED).distinct()
    ).all()
    for account_id in account_ids:
        # One at a time per account: without it, two takers would both see the last free slot.
        connection.execute(
            select(accounts.c.id).where(accounts.c.id == account_id).with_for_update()
        )
        lease = _take_of(connection, account_id, worker, slots, now)
        if lease is not None:
            return lease
    return None


def _take_of(
    connection: Connection, account_id: int, worker: str, slots: int, now: datetime.datetime
) -> Lease | None:
    busy = connection.scalar(
        select(func.count()).where(
            runs.c.account_id == account_id, runs.c.status.in_(TAKEN), runs.c.is_ci.is_(False)
        )
    )
    others = runs.alias()
    running = (others.c.job_id == runs.c.job_id, others.c.status.in_(TAKEN))
    plain = and_(runs.c.is_ci.is_(False), ~exists().where(*running))
    # Checks of one pull request share a schema: the newer waits until the older has stopped.
    same = others.c.pull_request_id == runs.c.pull_request_id
    check = and_(runs.c.is_ci.is_(True), ~exists().where(*running, same))
    found = connection.execute(
        select(runs.c.id, runs.c.job_id)
        .where(
            runs.c.account_id == account_id,
            runs.c.status == Status.QUEUED,
            or_(plain, check) if (busy or 0) < slots else check,
        )
        .order_by(runs.c.id)
        .limit(1)
    ).first()
    if found is None:
        return None
    lease = Lease(run_id=found.id, job_id=found.job_id, secret=secrets.token_hex(16))
    moved = connection.execute(
        update(runs)
        .where(runs.c.id == lease.run_id, runs.c.status == Status.QUEUED)
        .values(
            status=Status.STARTING, worker=worker, lease=lease.secret, dequeued_at=now,
            heartbeat_at=now, updated_at=now,
        )
    )  # fmt: skip
    return lease if moved.rowcount == 1 else None


def begin(connection: Connection, lease: Lease, now: datetime.datetime, **facts: Any) -> bool:
    """Move a taken run to running; False if it is not the holder's any more."""
    moved = connection.execute(
        update(runs)
        .where(_held(lease), runs.c.status == Status.STARTING)
        .values(status=Status.RUNNING, started_at=now, heartbeat_at=now, updated_at=now, **facts)
    )
    return moved.rowcount == 1


def beat(connection: Connection, lease: Lease, now: datetime.datetime) -> str:
    """Say that the holder is there; return `go`, `cancel` (somebody asks) or `lost`."""
    moved = connection.execute(
        update(runs)
        .where(_held(lease), runs.c.status.in_(TAKEN))
        .values(heartbeat_at=now, updated_at=now)
    )
    if moved.rowcount != 1:
        return "lost"
    asked = connection.scalar(select(runs.c.cancel_requested_at).where(runs.c.id == lease.run_id))
    return "go" if asked is None else "cancel"


def note(connection: Connection, lease: Lease, **facts: Any) -> None:
    """Write down what the holder found out about a run."""
    connection.execute(
        update(runs).where(_held(lease)).values(**{k: v for k, v in facts.items() if v})
    )


def is_held(connection: Connection, lease: Lease) -> bool:
    """Say whether a run is its holder's still, and keep it so until the transaction ends."""
    kept = connection.execute(
        update(runs)
        .where(_held(lease), runs.c.status.in_(TAKEN))
        .values(heartbeat_at=runs.c.heartbeat_at)
    )
    return kept.rowcount == 1


def cancel(connection: Connection, run_id: int, by: str, now: datetime.datetime) -> None:
    """Cancel a run: at once if it waits, by asking its holder if it runs (RUN-06)."""
    why = {"cancelled_by": by, "status_message": f"Cancelled by {by}"}
    _cancel_waiting(connection, runs.c.id == run_id, now, **why)
    _ask_to_stop(connection, runs.c.id == run_id, now, **why)


def give_up(
    connection: Connection, run_id: int, seen: datetime.datetime, now: datetime.datetime
) -> bool:
    """End a run whose holder has been silent since `seen`; False if it has been heard since."""
    moved = connection.execute(
        update(runs)
        .where(
            runs.c.id == run_id, runs.c.status.in_(TAKEN), runs.c.heartbeat_at == seen
        )
        .values(
            status=Status.ERROR, lease=None, finished_at=now, updated_at=now,
            status_message="The worker that carried out the run was lost",
        )
    )  # fmt: skip
    return moved.rowcount == 1


def _held(lease: Lease) -> Any:
    return and_(runs.c.id == lease.run_id, runs.c.lease == lease.secret)
