"""When a pull request is closed: its checks stop, and what they built is dropped (CI-01)."""

from __future__ import annotations

import datetime

from sqlalchemy import Connection, select

from upriver.server.db.tables import jobs, runs
from upriver.server.jobs.queue import Trigger, put
from upriver.server.runs import CLEANING


def close(
    connection: Connection, project_id: int, number: int, by: str, now: datetime.datetime
) -> tuple[int, ...]:
    """Queue a run that cleans up for each job that checked the request; returns their ids.

    The run has the request's own schema, like the checks before it, and cancels those that wait
    or run. Closing twice cleans once.
    """
    checked = select(runs.c.job_id).where(
        runs.c.project_id == project_id,
        runs.c.pull_request_id == str(number),
        runs.c.is_ci.is_(True),
    )
    rows = connection.execute(select(jobs).where(jobs.c.id.in_(checked)).order_by(jobs.c.id)).all()
    started = []
    for job in rows:
        newest = connection.execute(
            select(runs)
            .where(runs.c.job_id == job.id, runs.c.pull_request_id == str(number))
            .order_by(runs.c.id.desc())
            .limit(1)
        ).one()
        overrides = {
            "steps_override": [CLEANING], "generate_docs_override": False,
            "schema_override": (newest.trigger or {}).get("schema_override"),
        }  # fmt: skip
        if (newest.trigger or {}).get("steps_override") == [CLEANING]:
            started.append(int(newest.id))
            continue
        trigger = Trigger(
            cause=f"Pull request {number} was closed", category="ci", by=by, overrides=overrides,
            git_sha=newest.git_sha, git_branch=newest.git_branch, pull_request_id=str(number),
        )  # fmt: skip
        started.append(put(connection, job, trigger, now))
    return tuple(started)
