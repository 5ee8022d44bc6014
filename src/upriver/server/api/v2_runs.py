"""Runs, as clients of the v2 interface know them (platform.md 6.1, rows 3 to 5, 7, 8, 16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection, Select, select

from upriver.server.api.caller import Caller, Id, acting, check_account, here
from upriver.server.api.envelope import enveloped
from upriver.server.api.lists import number_of, numbers_of, page, range_of, words_of
from upriver.server.api.private import base_url
from upriver.server.api.sending import send_artifact
from upriver.server.api.shapes.jobs import job_shape
from upriver.server.api.shapes.places import environment_shape, project_shape
from upriver.server.api.shapes.runs import run_shape, step_shape, trigger_shape
from upriver.server.artifacts import artifact_of_run, names_of_run
from upriver.server.audit import record
from upriver.server.db.job_tables import step_lines
from upriver.server.db.tables import environments, jobs, projects, run_steps, runs
from upriver.server.jobs import queue
from upriver.server.jobs.endings import after_end
from upriver.server.jobs.lookups import failed_step, run_for, visible_runs, why_not_retried
from upriver.server.jobs.queue import Trigger, put
from upriver.server.moments import now
from upriver.server.refusals import CONFLICT, Refused, not_found
from upriver.server.runs import Status

router = APIRouter(prefix="/api/v2/accounts/{account_id}", tags=["v2"])
_COLUMNS = {
    "id": runs.c.id, "created_at": runs.c.created_at, "finished_at": runs.c.finished_at,
    "started_at": runs.c.started_at,
}  # fmt: skip
_NUMBERS: Mapping[str, Any] = {
    "job_definition_id": runs.c.job_id, "environment_id": runs.c.environment_id,
    "project_id": runs.c.project_id, "status": runs.c.status,
    "deferring_run_id": runs.c.deferring_run_id, "trigger_id": runs.c.id,
}  # fmt: skip


@router.get("/runs")
def list_runs(request: Request, principal: Caller, account_id: Id) -> Response:
    """List runs."""
    check_account(principal, account_id)
    query = _filtered(request, visible_runs(principal))
    with here(request).database.reading() as connection:
        return page(
            connection, request, query, _COLUMNS, lambda rows: _shapes(connection, request, rows)
        )


def _filtered(request: Request, query: Select[Any]) -> Select[Any]:
    for name, column in _NUMBERS.items():
        wanted = (*numbers_of(request, name), *numbers_of(request, f"{name}__in"))
        if wanted:
            query = query.where(column.in_(wanted))
    for name in ("finished_at", "created_at"):
        ends = range_of(request, f"{name}__range")
        if ends is not None:
            query = query.where(runs.c[name].between(*ends))
    asked = words_of(request, "pull_request_id")
    return query.where(runs.c.pull_request_id.in_(asked)) if asked else query


@router.get("/runs/{run_id}")
def read_run(request: Request, principal: Caller, account_id: Id, run_id: Id) -> Response:
    """Return a run."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        run = run_for(connection, principal, run_id, "run-read")
        shape = _shapes(connection, request, [run])[0]
        reason = why_not_retried(connection, run)
    return enveloped({**shape, "can_retry": reason is None, "retry_not_supported_reason": reason})


@router.post("/runs/{run_id}/cancel")
def cancel_run(request: Request, principal: Caller, account_id: Id, run_id: Id) -> Response:
    """Cancel a run: at once when it waits, else as soon as its worker hears it."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        before = run_for(connection, principal, run_id, "run-trigger")
        queue.cancel(connection, run_id, principal.name, now())
        run = run_for(connection, principal, run_id, "run-read")
        if before.status != run.status:
            after_end(connection, run_id, now())
        record(connection, acting(request, principal), "run.cancelled", on=("run", run_id))
        return enveloped(_shapes(connection, request, [run])[0])


@router.get("/runs/{run_id}/retry")
def look_at_retry(request: Request, principal: Caller, account_id: Id, run_id: Id) -> Response:
    """Say what a retry would do."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        run = run_for(connection, principal, run_id, "run-read")
        _check_retry(connection, run)
        failed = failed_step(connection, run_id)
        assert failed is not None  # noqa: S101 - or it could not be retried
        skipped = connection.scalars(
            select(run_steps.c.name)
            .where(run_steps.c.run_id == run_id, run_steps.c.index > failed.index)
            .order_by(run_steps.c.index)
        ).all()
    return enveloped({"failed_step": failed.name, "skipped_steps": list(skipped)})


@router.post("/runs/{run_id}/retry")
def retry_run(request: Request, principal: Caller, account_id: Id, run_id: Id) -> Response:
    """Take a failed run up where it failed (RUN-07)."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        run = run_for(connection, principal, run_id, "run-trigger")
        _check_retry(connection, run)
        job = connection.execute(select(jobs).where(jobs.c.id == run.job_id)).one()
        trigger = Trigger(
            cause=f"Retry of run {run_id}", category="rerun", by=principal.name,
            overrides=run.trigger or {}, git_sha=None, git_branch=run.git_branch,
            pull_request_id=run.pull_request_id, retrying_run_id=run_id,
            # Two clicks are one retry.
            idempotency_key=f"retry-{run_id}",
        )  # fmt: skip
        new_id = put(connection, job, trigger, now())
        record(connection, acting(request, principal), "run.triggered", on=("run", new_id))
        new = connection.execute(select(runs).where(runs.c.id == new_id)).one()
        return enveloped(_shapes(connection, request, [new])[0])


def _check_retry(connection: Connection, run: Any) -> None:
    reason = why_not_retried(connection, run)
    if reason is not None:
        raise Refused(CONFLICT, f"Run {run.id} cannot be retried: {reason}.")


@router.get("/runs/{run_id}/artifacts")
def list_artifacts(request: Request, principal: Caller, account_id: Id, run_id: Id) -> Response:
    """List the files of a step, the last one with any if none is named (ART-02, ART-07)."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        run_for(connection, principal, run_id, "artifact-read")
        return enveloped(names_of_run(connection, run_id, number_of(request, "step")))


@router.get("/runs/{run_id}/artifacts/{path:path}")
def read_artifact(
    request: Request, principal: Caller, account_id: Id, run_id: Id, path: str
) -> Response:
    """Return a file of a run."""
    check_account(principal, account_id)
    installation = here(request)
    with installation.database.reading() as connection:
        run_for(connection, principal, run_id, "artifact-read")
        artifact = artifact_of_run(connection, run_id, path, number_of(request, "step"))
    if artifact is None:
        raise not_found(f"Artifact `{path[:80]}` of run {run_id}")
    return send_artifact(installation, request, artifact)


def _shapes(connection: Connection, request: Request, rows: Sequence[Any]) -> list[dict[str, Any]]:
    wanted = {*words_of(request, "include_related")}
    return [
        run_shape(row, base_url(request), related=_related(connection, row, wanted))
        for row in rows
    ]


def _related(connection: Connection, run: Any, wanted: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "trigger" in wanted:
        found["trigger"] = trigger_shape(run)
    if "job" in wanted and run.job_id is not None:
        job = connection.execute(select(jobs).where(jobs.c.id == run.job_id)).one()
        found["job"] = job_shape(job, is_deferrable=False)
    if "environment" in wanted:
        row = connection.execute(
            select(environments).where(environments.c.id == run.environment_id)
        ).one()
        found["environment"] = environment_shape(row)
    if "repository" in wanted:
        project = connection.execute(select(projects).where(projects.c.id == run.project_id)).one()
        found["repository"] = project_shape(project)["repository"]
    if wanted & {"run_steps", "debug_logs"}:
        found["run_steps"] = _steps(connection, run.id, with_debug="debug_logs" in wanted)
    return found


def _steps(connection: Connection, run_id: int, *, with_debug: bool) -> list[dict[str, Any]]:
    steps = connection.execute(
        select(run_steps).where(run_steps.c.run_id == run_id).order_by(run_steps.c.index)
    ).all()
    running = [step.id for step in steps if step.status == Status.RUNNING]
    live: dict[int, list[str]] = {}
    if running:
        lines = connection.execute(
            select(step_lines).where(step_lines.c.step_id.in_(running)).order_by(step_lines.c.part)
        )
        for row in lines:
            live.setdefault(row.step_id, []).append(row.text)
    return [
        step_shape(step, "\n".join(live.get(step.id, ())) or None, with_debug=with_debug)
        for step in steps
    ]
