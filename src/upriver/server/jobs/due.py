"""Starting the runs of jobs that are due, once each however many look (platform.md R-07)."""

from __future__ import annotations

import datetime

from sqlalchemy import Connection, select, update

from upriver.server.db.tables import jobs
from upriver.server.jobs.queue import Trigger, put
from upriver.server.jobs.schedule import next_time

_ACTIVE = 1
_MOST_AT_ONCE = 100


def start_due(connection: Connection, now: datetime.datetime) -> tuple[int, ...]:
    """Queue a run for each job that is due and return their ids.

    The time a job is due is moved on by a conditional update before its run is queued, in one
    transaction: of two schedulers one moves it. However long nobody looked, and however the clock
    jumped meanwhile, a job that was due runs once.
    """
    due = connection.execute(
        select(jobs)
        .where(
            jobs.c.next_run_at <= now, jobs.c.state == _ACTIVE, jobs.c.is_deactivated.is_(False)
        )
        .order_by(jobs.c.next_run_at, jobs.c.id)
        .limit(_MOST_AT_ONCE)
    ).all()
    started = []
    for job in due:
        moved = connection.execute(
            update(jobs)
            .where(jobs.c.id == job.id, jobs.c.next_run_at == job.next_run_at)
            .values(next_run_at=next_time(job.schedule["cron"], now))
        )
        if moved.rowcount == 1:
            trigger = Trigger(cause="Scheduled", category="scheduled", by="schedule")
            started.append(put(connection, job, trigger, now))
    return tuple(started)


def set_schedule(
    connection: Connection, job_id: int, line: str | None, now: datetime.datetime
) -> None:
    """Set when a job is due next; None takes it off the schedule."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(next_run_at=None if line is None else next_time(line, now))
    )
