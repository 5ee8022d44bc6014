"""The pages that show something."""

from __future__ import annotations

from importlib.resources import files as resource_files
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from upriver.server.api.caller import Id, here
from upriver.server.api.sending import send_artifact
from upriver.server.artifacts import artifact_of_run
from upriver.server.auth.permissions import PERMISSION_SETS
from upriver.server.auth.sessions import Session
from upriver.server.environments import (
    environment_for,
    environments_of,
    project_for,
    visible_projects,
)
from upriver.server.refusals import not_found
from upriver.server.runs import TERMINAL, Status
from upriver.server.web.looking import (
    artifacts_of,
    audit_page,
    environments_with_state,
    grants_of_tokens,
    ledger_page,
    people_of,
    run_row,
    runs_page,
    steps_of,
    tokens_of,
)
from upriver.server.web.rendering import page
from upriver.server.web.visiting import Visitor, maybe_visitor

router = APIRouter(include_in_schema=False)
Number = Annotated[int, Query(ge=1, le=100_000)]
MaybeId = Annotated[int | None, Query(ge=1, le=2**53)]
_RECENT = 8


def show_nothing_of_others(_request: Request) -> None:
    """Mark a page that anybody may see, signed in or not."""


@router.get("/static/{name}", dependencies=[Depends(show_nothing_of_others)])
def static(name: str) -> Response:
    """Return a file that pages use; there are two."""
    kinds = {"style.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml"}
    if name not in kinds:
        raise not_found("The file")
    path = str(resource_files("upriver.server.web").joinpath("static", name))
    headers = {"Cache-Control": "public, max-age=3600"}
    return FileResponse(path, media_type=kinds[name], headers=headers)


@router.get("/sign-in", dependencies=[Depends(show_nothing_of_others)])
def sign_in_page(request: Request) -> Response:
    """Ask who somebody is."""
    return page(request, "sign_in", None, problem=None, email="")


@router.get("/", dependencies=[Depends(show_nothing_of_others)])
def start(
    request: Request, session: Annotated[Session | None, Depends(maybe_visitor)]
) -> Response:
    """Show the projects; to a stranger the sign-in, with a status that says that all is well."""
    if session is None:
        return sign_in_page(request)
    with here(request).database.reading() as connection:
        found = visible_projects(connection, session.principal)
        around: dict[int, list[Any]] = {row.id: [] for row in found}
        for row in environments_with_state(connection, list(around)):
            around[row.project_id].append(row)
    return page(request, "start", session, projects=found, environments=around)


@router.get("/projects/{project_id}")
def project_page(request: Request, session: Visitor, project_id: Id) -> Response:
    """Show a project: its environments, each with its state, and its last runs."""
    principal = session.principal
    with here(request).database.reading() as connection:
        project = project_for(connection, principal, project_id, "project-read")
        found = environments_with_state(connection, [project_id])
        last = None
        if principal.may("run-read", project_id):
            last = runs_page(connection, project_id).rows[:_RECENT]
    return page(request, "project", session, project=project, environments=found, runs=last)


@router.get("/environments/{environment_id}")
def environment_page(
    request: Request, session: Visitor, environment_id: Id, number: Number = 1, wanted: str = ""
) -> Response:
    """Show an environment: where its state is from, and what was built when."""
    principal = session.principal
    with here(request).database.reading() as connection:
        row = environment_for(connection, principal, environment_id, "project-read")
        project = project_for(connection, principal, row.project_id, "project-read")
        principal.require("state-read", row.project_id)
        (shown,) = (
            each
            for each in environments_with_state(connection, [row.project_id])
            if each.id == environment_id
        )
        ledger = ledger_page(
            connection, environment_id, number=number, wanted=wanted.replace("\x00", "")
        )
        last = runs_page(connection, row.project_id, environment_id=environment_id)
    usable = [run for run in last.rows if run.is_usable]
    return page(
        request, "environment", session, environment=shown, project=project, ledger=ledger,
        wanted=wanted, usable=usable, may_pin=principal.may("state-pin", row.project_id),
    )  # fmt: skip


@router.get("/projects/{project_id}/runs")
def runs_of_project(
    request: Request,
    session: Visitor,
    project_id: Id,
    number: Number = 1,
    environment: str = "",
    status: str = "",
) -> Response:
    """List a project's runs."""
    with here(request).database.reading() as connection:
        project = project_for(connection, session.principal, project_id, "run-read")
        found = runs_page(
            connection, project_id, number=number,
            environment_id=_number(environment), status=_number(status),
        )  # fmt: skip
        among = environments_of(connection, project_id)
    return page(
        request, "runs", session, project=project, runs=found, environments=among,
        chosen={"environment": environment, "status": status}, statuses=list(Status),
    )  # fmt: skip


def _number(text: str) -> int | None:
    """Return the number of a choice; an empty choice is any."""
    is_number = text.isdecimal() and text.isascii() and len(text) <= 15  # noqa: PLR2004 - 2**53
    return int(text) if is_number else None


@router.get("/runs/{run_id}")
def run_page(request: Request, session: Visitor, run_id: Id) -> Response:
    """Show a run: steps with logs and timing, artifacts, whether it can be state."""
    principal = session.principal
    with here(request).database.reading() as connection:
        run = run_row(connection, principal, run_id)
        steps = steps_of(connection, run_id)
        found = []
        if principal.may("artifact-read", run.project_id):
            found = artifacts_of(connection, run_id)
    longest = max((_seconds(step) for step in steps), default=0.0)
    return page(
        request, "run", session, run=run, steps=steps, artifacts=found,
        seconds=[_seconds(step) for step in steps], longest=longest,
        is_over=run.status in TERMINAL, may_trigger=principal.may("run-trigger", run.project_id),
    )  # fmt: skip


def _seconds(step: dict[str, Any]) -> float:
    if step["started_at"] is None or step["finished_at"] is None:
        return 0.0
    return float((step["finished_at"] - step["started_at"]).total_seconds())


@router.get("/runs/{run_id}/artifacts/{step}/{name:path}")
def artifact(request: Request, session: Visitor, run_id: Id, step: Id, name: str) -> Response:
    """Send an artifact, to be saved rather than shown (S-12)."""
    with here(request).database.reading() as connection:
        run = run_row(connection, session.principal, run_id)
        session.principal.require("artifact-read", run.project_id)
        found = artifact_of_run(connection, run_id, name, min(step, 2**31 - 1))
    if found is None:
        raise not_found("The artifact")
    return send_artifact(here(request), request, found)


@router.get("/tokens")
def tokens_page(request: Request, session: Visitor) -> Response:
    """List tokens, and offer to make one."""
    return show_tokens(request, session)


def show_tokens(request: Request, session: Session, new: str | None = None) -> Response:
    """Show the page of tokens; `new` is the text of one just made, shown this once."""
    principal = session.principal
    with here(request).database.reading() as connection:
        found = tokens_of(connection, principal)
        given = grants_of_tokens(connection, principal.account_id)
        among = visible_projects(connection, principal)
    return page(
        request, "tokens", session, tokens=found, given=given, new=new, projects=among,
        sets=[*PERMISSION_SETS], is_admin=principal.may("account-admin"),
    )  # fmt: skip


@router.get("/people")
def people_page(request: Request, session: Visitor) -> Response:
    """List the people of the account, for its administrators."""
    session.principal.require("account-admin")
    with here(request).database.reading() as connection:
        found = people_of(connection, session.principal.account_id)
    return page(request, "people", session, people=found, sets=[*PERMISSION_SETS])


@router.get("/audit")
def audit_log(request: Request, session: Visitor, number: Number = 1) -> Response:
    """Show who did what, for administrators."""
    session.principal.require("account-admin")
    with here(request).database.reading() as connection:
        found = audit_page(connection, session.principal.account_id, number)
    return page(request, "audit", session, events=found)


@router.get("/me")
def me(request: Request, session: Visitor) -> Response:
    """Show who is signed in, and offer another password."""
    return page(request, "me", session)
