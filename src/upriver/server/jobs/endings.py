"""What follows when a run has ended, in the transaction that ends it."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from upriver.server.db.tables import jobs, run_steps, runs
from upriver.server.jobs import webhooks
from upriver.server.jobs.queue import Trigger, put
from upriver.server.runs import Status
from upriver.server.telling import statuses

_ACTIVE = 1


def after_end(connection: Connection, run_id: int, now: datetime.datetime) -> None:
    """Close its steps, count failures, tell subscribers, and start the jobs that wait for it."""
    run = connection.execute(select(runs).where(runs.c.id == run_id)).one()
    status = Status(run.status)
    _close_steps(connection, run_id, status, now)
    if run.job_id is None:
        return
    if status is not Status.CANCELLED:
        failures = 0 if status is Status.SUCCESS else jobs.c.run_failure_count + 1
        connection.execute(
            update(jobs).where(jobs.c.id == run.job_id).values(run_failure_count=failures)
        )
    statuses.announce(connection, run_id, now)
    webhooks.announce(connection, run_id, webhooks.COMPLETED, now)
    if status is Status.ERROR:
        webhooks.announce(connection, run_id, webhooks.ERRORED, now)
    _start_waiting(connection, run, status, now)


def _close_steps(
    connection: Connection, run_id: int, status: Status, now: datetime.datetime
) -> None:
    """Steps that never began are skipped: they have no beginning, and say neither 10 nor 20."""
    mine = run_steps.c.run_id == run_id
    connection.execute(
        update(run_steps)
        .where(mine, run_steps.c.status == Status.QUEUED)
        .values(status=Status.CANCELLED, updated_at=now)
    )
    connection.execute(
        update(run_steps)
        .where(mine, run_steps.c.status == Status.RUNNING)
        .values(status=status, finished_at=now, updated_at=now)
    )


def _start_waiting(
    connection: Connection, run: Row[Any], status: Status, now: datetime.datetime
) -> None:
    """Queue the jobs that this job's end triggers (TRG-06)."""
    waiting = connection.execute(
        select(jobs).where(
            jobs.c.account_id == run.account_id,
            jobs.c.state == _ACTIVE,
            jobs.c.is_deactivated.is_(False),
            jobs.c.completion_trigger.is_not(None),
        )
    ).all()
    for job in waiting:
        condition = (job.completion_trigger or {}).get("condition") or {}
        if condition.get("job_id") != run.job_id:
            continue
        if int(status) not in (condition.get("statuses") or ()):
            continue
        trigger = Trigger(
            cause=f"Job {condition['job_id']} ended",
            category="job completion",
            # However often the end is looked at, it starts the job once.
            idempotency_key=f"after-{run.id}",
        )
        put(connection, job, trigger, now)
