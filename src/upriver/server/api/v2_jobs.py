"""Jobs, as clients of the v2 interface know them (platform.md 6.1, rows 1, 2, 6, 9, 10, 12, 15, 18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy import Connection, desc, select

from upriver.server.api.caller import (
    Caller,
    Id,
    acting,
    body_of,
    check_account,
    described,
    here,
)
from upriver.server.api.envelope import enveloped
from upriver.server.api.lists import number_of, numbers_of, page, words_of
from upriver.server.api.private import base_url
from upriver.server.api.sending import send_artifact
from upriver.server.api.shapes.jobs import job_shape
from upriver.server.api.shapes.places import account_shape, environment_shape, project_shape
from upriver.server.api.shapes.runs import run_shape, trigger_shape
from upriver.server.artifacts import artifact_of_run
from upriver.server.audit import record
from upriver.server.auth.principals import Principal
from upriver.server.db.tables import accounts, environments, jobs, projects, runs
from upriver.server.environments import project_for
from upriver.server.jobs.definitions import JobBody, change_job, create_job, delete_job
from upriver.server.jobs.lookups import job_for, visible_jobs, why_not_retried
from upriver.server.jobs.queue import Trigger, put
from upriver.server.jobs.triggers import TriggerBody, trigger_of
from upriver.server.moments import now
from upriver.server.refusals import UNPROCESSABLE, Refused, not_found
from upriver.server.runs import TERMINAL, Status

router = APIRouter(prefix="/api/v2/accounts/{account_id}", tags=["v2"])
_COLUMNS = {
    "id": jobs.c.id, "created_at": jobs.c.created_at, "updated_at": jobs.c.updated_at,
    "name": jobs.c.name,
}  # fmt: skip
_DELETED = 2
Body = Annotated[Any, Depends(body_of(JobBody))]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


@router.get("/jobs")
def list_jobs(request: Request, principal: Caller, account_id: Id) -> Response:
    """List jobs."""
    check_account(principal, account_id)
    query = visible_jobs(principal)
    for name, column in (
        ("project_id", jobs.c.project_id),
        ("environment_id", jobs.c.environment_id),
    ):
        wanted = (*numbers_of(request, name), *numbers_of(request, f"{name}__in"))
        if wanted:
            query = query.where(column.in_(wanted))
    query = query.where(jobs.c.state == (number_of(request, "state") or 1))
    part = request.query_params.get("name__icontains")
    if part:
        query = query.where(jobs.c.name.icontains(part[:255], autoescape=True))
    with here(request).database.reading() as connection:
        return page(
            connection, request, query, _COLUMNS, lambda rows: _shapes(connection, request, rows)
        )


@router.get("/jobs/{job_id}")
def read_job(request: Request, principal: Caller, account_id: Id, job_id: Id) -> Response:
    """Return a job."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        job = job_for(connection, principal, job_id, "job-read")
        return enveloped(_shapes(connection, request, [job])[0])


@router.post("/jobs", openapi_extra=described(JobBody))
def add_job(request: Request, principal: Caller, account_id: Id, body: Body) -> Response:
    """Make a job; what is left out has its default."""
    check_account(principal, account_id)
    if body.project_id is None:
        raise Refused(UNPROCESSABLE, "The job cannot be written: `project_id` is missing.")
    with here(request).database.writing() as connection:
        project = project_for(connection, principal, body.project_id, "job-write")
        job_id = create_job(connection, acting(request, principal), project, body)
        job = job_for(connection, principal, job_id, "job-write")
        return enveloped(_shapes(connection, request, [job])[0])


@router.post("/jobs/{job_id}", openapi_extra=described(JobBody))
def update_job(
    request: Request, principal: Caller, account_id: Id, job_id: Id, body: Body
) -> Response:
    """Write a job anew."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        job = job_for(connection, principal, job_id, "job-write")
        if body.project_id not in (None, job.project_id):
            raise Refused(UNPROCESSABLE, "A job cannot be moved to another project.")
        project = project_for(connection, principal, job.project_id, "job-write")
        change_job(connection, acting(request, principal), project, job, body)
        changed = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
        return enveloped(_shapes(connection, request, [changed])[0])


@router.delete("/jobs/{job_id}")
def remove_job(request: Request, principal: Caller, account_id: Id, job_id: Id) -> Response:
    """Take a job away, and return it: clients decode what comes back."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        job = job_for(connection, principal, job_id, "job-write")
        delete_job(connection, acting(request, principal), job)
        shape = _shapes(connection, request, [job])[0]
    return enveloped({**shape, "state": _DELETED})


@router.post("/jobs/{job_id}/run", openapi_extra=described(TriggerBody, is_required=False))
def trigger_job(
    request: Request,
    principal: Caller,
    account_id: Id,
    job_id: Id,
    body: Annotated[Any, Depends(body_of(TriggerBody))],
    key: Key = None,
) -> Response:
    """Queue a run of a job; a repeated `Idempotency-Key` gives the run it gave before."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        job = job_for(connection, principal, job_id, "run-trigger")
        trigger = trigger_of(body, by=principal.name, key=key)
        return _started(connection, request, principal, job, trigger)


@router.post("/jobs/{job_id}/rerun")
def rerun_job(request: Request, principal: Caller, account_id: Id, job_id: Id) -> Response:
    """Take the job's last run up where it failed; start a fresh one if it did not fail."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        job = job_for(connection, principal, job_id, "run-trigger")
        last = connection.execute(
            select(runs).where(runs.c.job_id == job.id).order_by(desc(runs.c.id)).limit(1)
        ).one_or_none()
        is_retry = last is not None and why_not_retried(connection, last) is None
        trigger = Trigger(
            cause="Rerun from failure" if is_retry else "Rerun", category="rerun",
            by=principal.name, retrying_run_id=last.id if is_retry and last else None,
        )  # fmt: skip
        return _started(connection, request, principal, job, trigger)


@router.get("/jobs/{job_id}/artifacts/{path:path}")
def newest_artifact_of_job(
    request: Request, principal: Caller, account_id: Id, job_id: Id, path: str
) -> Response:
    """Return a file of the job's newest successful run (ART-03)."""
    check_account(principal, account_id)
    installation = here(request)
    with installation.database.reading() as connection:
        job = job_for(connection, principal, job_id, "artifact-read")
        run_id = connection.scalar(
            select(runs.c.id)
            .where(runs.c.job_id == job.id, runs.c.status == Status.SUCCESS)
            .order_by(desc(runs.c.finished_at), desc(runs.c.id))
            .limit(1)
        )
        artifact = None if run_id is None else artifact_of_run(connection, run_id, path)
    if artifact is None:
        raise not_found(f"Artifact `{path[:80]}` of job {job_id}")
    return send_artifact(installation, request, artifact)


def _started(
    connection: Connection, request: Request, principal: Principal, job: Any, trigger: Trigger
) -> Response:
    run_id = put(connection, job, trigger, now())
    record(
        connection, acting(request, principal), "run.triggered",
        on=("run", run_id), detail={"job_id": job.id, "cause": trigger.cause[:255]},
    )  # fmt: skip
    run = connection.execute(select(runs).where(runs.c.id == run_id)).one()
    related = {
        "job": _shapes(connection, request, [job])[0],
        "trigger": trigger_shape(run),
    }
    return enveloped(run_shape(run, base_url(request), related=related))


def _shapes(connection: Connection, request: Request, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return jobs with the related objects that were asked for."""
    wanted = {*words_of(request, "include_related")}
    usable = set(
        connection.scalars(
            select(runs.c.job_id)
            .where(runs.c.job_id.in_([row.id for row in rows]), runs.c.is_usable)
            .distinct()
        )
    )
    return [
        job_shape(
            row, is_deferrable=row.id in usable, related=_related(connection, request, row, wanted)
        )
        for row in rows
    ]


def _related(
    connection: Connection, request: Request, job: Any, wanted: set[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, table, column, shape in (
        ("account", accounts, "account_id", account_shape),
        ("project", projects, "project_id", project_shape),
        ("environment", environments, "environment_id", environment_shape),
    ):
        if name in wanted:
            row = connection.execute(select(table).where(table.c.id == getattr(job, column))).one()
            found[name] = shape(row)
    last = select(runs).where(runs.c.job_id == job.id).order_by(desc(runs.c.id)).limit(1)
    for name, query in (
        ("most_recent_run", last),
        ("most_recent_completed_run", last.where(runs.c.status.in_(TERMINAL))),
    ):
        if name in wanted:
            run = connection.execute(query).one_or_none()
            found[name] = None if run is None else run_shape(run, base_url(request))
    return found
