"""Setting up what runs need, and following them, in upriver's own interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select

from upriver.server.api.caller import Caller, Id, acting, body_of, caller, described, here
from upriver.server.api.envelope import as_json
from upriver.server.audit import record
from upriver.server.auth.principals import Principal
from upriver.server.db.job_tables import step_lines
from upriver.server.db.tables import run_steps
from upriver.server.environments import environment_for, project_for
from upriver.server.jobs.lookups import run_for
from upriver.server.jobs.pull_requests import close
from upriver.server.jobs.setup import (
    ConnectionBody,
    RepositoryBody,
    set_connection,
    set_repository,
    shown_connection,
)
from upriver.server.moments import now
from upriver.server.refusals import Refused, not_found
from upriver.server.runs import TERMINAL

router = APIRouter(prefix="/api/upriver/v1", tags=["upriver"])
_LOOK_SECONDS = 0.5
_CHECK_SECONDS = 15.0


@router.put("/projects/{project_id}/repository", openapi_extra=described(RepositoryBody))
def write_repository(
    request: Request,
    principal: Caller,
    project_id: Id,
    body: Annotated[Any, Depends(body_of(RepositoryBody))],
) -> Response:
    """Say where a project's files are."""
    with here(request).database.writing() as connection:
        project = project_for(connection, principal, project_id, "project-write")
        set_repository(connection, acting(request, principal), here(request).sealer, project, body)
    return as_json({"url": body.url, "subdirectory": body.subdirectory})


@router.put(
    "/projects/{project_id}/environments/{environment_id}/connection",
    openapi_extra=described(ConnectionBody),
)
def write_connection(
    request: Request,
    principal: Caller,
    project_id: Id,
    environment_id: Id,
    body: Annotated[Any, Depends(body_of(ConnectionBody))],
) -> Response:
    """Say how an environment's runs reach their warehouse."""
    sealer = here(request).sealer
    with here(request).database.writing() as connection:
        environment = environment_for(connection, principal, environment_id, "environment-write")
        if environment.project_id != project_id:
            raise not_found(f"Environment {environment_id} of project {project_id}")
        set_connection(connection, acting(request, principal), sealer, environment, body)
        return as_json(shown_connection(connection, sealer, environment_id))


@router.get("/projects/{project_id}/environments/{environment_id}/connection")
def read_connection(
    request: Request, principal: Caller, project_id: Id, environment_id: Id
) -> Response:
    """Return an environment's connection, without its secrets."""
    with here(request).database.reading() as connection:
        environment = environment_for(connection, principal, environment_id, "environment-write")
        if environment.project_id != project_id:
            raise not_found(f"Environment {environment_id} of project {project_id}")
        shown = shown_connection(connection, here(request).sealer, environment_id)
    if shown is None:
        raise not_found("The connection")
    return as_json(shown)


@router.post("/projects/{project_id}/pull-requests/{number}/close")
def close_pull_request(
    request: Request, principal: Caller, project_id: Id, number: Id
) -> Response:
    """Stop the checks of a pull request, and drop what they built."""
    with here(request).database.writing() as connection:
        project_for(connection, principal, project_id, "run-trigger")
        started = close(connection, project_id, number, principal.name, now())
        actor = acting(request, principal)
        record(
            connection, actor, "pull_request.closed",
            on=("project", project_id), detail={"number": number, "runs": list(started)},
        )  # fmt: skip
        for run_id in started:
            record(connection, actor, "run.triggered", on=("run", run_id))
    return as_json({"runs": list(started)})


@router.get("/runs/{run_id}/events")
async def follow_run(request: Request, principal: Caller, run_id: Id) -> Response:
    """Send what a run prints while it prints it, as server-sent events, until it has ended."""
    await to_thread.run_sync(_look, request, principal, run_id, {})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _events(request, run_id), media_type="text/event-stream", headers=headers
    )


async def _events(request: Request, run_id: int) -> AsyncIterator[str]:
    sent: dict[int, tuple[int, int]] = {}
    checked = asyncio.get_running_loop().time()
    principal = await to_thread.run_sync(caller, request)
    while not await request.is_disconnected():
        if asyncio.get_running_loop().time() - checked > _CHECK_SECONDS:
            # What the caller may do is asked anew: a token that was revoked hears no more (S-07).
            checked = asyncio.get_running_loop().time()
            try:
                principal = await to_thread.run_sync(caller, request)
            except Refused:
                return
            yield ": still here\n\n"
        status, events = await to_thread.run_sync(_look, request, principal, run_id, sent)
        for event in events:
            yield event
        if status in TERMINAL:
            yield _event("end", {"status": int(status)})
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _look(
    request: Request, principal: Principal, run_id: int, sent: dict[int, tuple[int, int]]
) -> tuple[int, list[str]]:
    """Return the status and what is new; `sent` has the last part and the characters of each step."""
    with here(request).database.reading() as connection:
        run = run_for(connection, principal, run_id, "run-read")
        steps = connection.execute(
            select(run_steps).where(run_steps.c.run_id == run_id).order_by(run_steps.c.index)
        ).all()
        events = []
        for step in steps:
            part, characters = sent.get(step.id, (-1, 0))
            text = ""
            if step.logs is not None and step.finished_at is not None:
                text = step.logs[characters:].removeprefix("\n" if characters else "")
                sent[step.id] = (part, len(step.logs))
            else:
                rows = connection.execute(
                    select(step_lines.c.part, step_lines.c.text)
                    .where(step_lines.c.step_id == step.id, step_lines.c.part > part)
                    .order_by(step_lines.c.part)
                ).all()
                text = "\n".join(row.text for row in rows)
                if rows:
                    joined = characters + (1 if characters else 0) + len(text)
                    sent[step.id] = (rows[-1].part, joined)
            if text:
                events.append(_event("log", {"step": step.index, "name": step.name, "text": text}))
    return run.status, events


def _event(kind: str, data: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {msgspec.json.encode(data).decode()}\n\n"
