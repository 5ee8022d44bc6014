"""Jobs and runs as their callers may see them: 404 when invisible, 403 when not allowed."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, Select, desc, select

from upriver.project.retry import RETRIED
from upriver.server.auth.permissions import Permission
from upriver.server.auth.principals import Principal
from upriver.server.db.tables import artifacts, jobs, run_steps, runs
from upriver.server.environments import project_for
from upriver.server.jobs.commands import verb_of
from upriver.server.jobs.definitions import job_row
from upriver.server.refusals import not_found
from upriver.server.runs import Status
from upriver.server.unpacked import BUILDING

RETRYABLE: Final = frozenset(RETRIED.values())
"""Verbs that `retry` takes up where they failed (RUN-08)."""


def visible_jobs(principal: Principal) -> Select[Any]:
    """Return a query of the jobs a caller may see."""
    query = select(jobs).where(jobs.c.account_id == principal.account_id)
    allowed = principal.projects_with("job-read")
    return query if allowed is None else query.where(jobs.c.project_id.in_(allowed))


def visible_runs(principal: Principal) -> Select[Any]:
    """Return a query of the runs a caller may see."""
    query = select(runs).where(runs.c.account_id == principal.account_id)
    allowed = principal.projects_with("run-read")
    return query if allowed is None else query.where(runs.c.project_id.in_(allowed))


def job_for(
    connection: Connection, principal: Principal, job_id: int, permission: Permission
) -> Row[Any]:
    """Return a job the caller may do this with."""
    job = job_row(connection, principal.account_id, job_id)
    if not principal.may("job-read", job.project_id):
        raise not_found(f"Job {job_id}")
    project_for(connection, principal, job.project_id, permission)
    return job


def run_for(
    connection: Connection, principal: Principal, run_id: int, permission: Permission
) -> Row[Any]:
    """Return a run the caller may do this with."""
    run = connection.execute(visible_runs(principal).where(runs.c.id == run_id)).one_or_none()
    if run is None:
        raise not_found(f"Run {run_id}")
    principal.require(permission, run.project_id)
    return run


def why_not_retried(connection: Connection, run: Row[Any]) -> str | None:
    """Return the reason why a run cannot be taken up where it failed; None when it can (RUN-08)."""
    if run.status != Status.ERROR:
        return "RETRY_NOT_FAILED_RUN"
    if run.job_id is None:
        return "RETRY_UNSUPPORTED_CMD"
    newest = connection.scalar(
        select(runs.c.id).where(runs.c.job_id == run.job_id).order_by(desc(runs.c.id)).limit(1)
    )
    if newest != run.id:
        return "RETRY_NOT_LATEST_RUN"
    failed = failed_step(connection, run.id)
    if failed is None or failed.command is None:
        return "RETRY_NO_RUN_RESULTS"
    if verb_of(failed.command) not in RETRYABLE:
        return "RETRY_UNSUPPORTED_CMD"
    has_results = connection.scalar(
        select(artifacts.c.id).where(
            artifacts.c.run_id == run.id, artifacts.c.step == failed.index,
            artifacts.c.name == "run_results.json",
        )
    )  # fmt: skip
    return None if has_results is not None else "RETRY_NO_RUN_RESULTS"


def failed_step(connection: Connection, run_id: int) -> Row[Any] | None:
    """Return the step of a run that failed."""
    return connection.execute(
        select(run_steps)
        .where(run_steps.c.run_id == run_id, run_steps.c.status == Status.ERROR)
        .order_by(run_steps.c.index)
        .limit(1)
    ).one_or_none()


def state_artifact(connection: Connection, run_id: int, name: str) -> Row[Any] | None:
    """Return the artifact that belongs to a state: of the last step that built, if it wrote one.

    A run that built and then made documentation has results of both.
    """
    rows = connection.execute(
        select(artifacts, run_steps.c.command)
        .outerjoin(
            run_steps,
            (run_steps.c.run_id == artifacts.c.run_id) & (run_steps.c.index == artifacts.c.step),
        )
        .where(artifacts.c.run_id == run_id, artifacts.c.name == name)
        .order_by(desc(artifacts.c.step))
    ).all()
    built = (row for row in rows if verb_of(row.command or "") in BUILDING)
    return next(built, rows[0] if rows else None)
