"""The v3 interface: projects, environments, variables of jobs (platform.md 6.1, rows 21 to 29)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection, select

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
from upriver.server.api.lists import number_of
from upriver.server.api.shapes.places import environment_shape, project_shape
from upriver.server.api.v2_account import (
    environments_page,
    list_accounts,
    list_environments,
    list_projects,
    read_project,
    user_shape,
)
from upriver.server.db.job_tables import variables
from upriver.server.db.tables import environments
from upriver.server.environments import (
    NewEnvironment,
    create_environment,
    environment_for,
    project_for,
)
from upriver.server.jobs.lookups import job_for
from upriver.server.jobs.setup import MASKED, set_variable
from upriver.server.jobs.variables import is_secret
from upriver.server.refusals import UNPROCESSABLE, Refused, not_found

router = APIRouter(prefix="/api/v3", tags=["v3"])
for path, handler in (
    ("/accounts", list_accounts),
    ("/accounts/{account_id}/projects", list_projects),
    ("/accounts/{account_id}/projects/{project_id}", read_project),
    ("/accounts/{account_id}/environments", list_environments),
):
    # These are the same in both interfaces.
    router.add_api_route(path, handler, methods=["GET"])


class VariableBody(msgspec.Struct, frozen=True, kw_only=True):
    """A variable as clients send it."""

    name: str
    raw_value: str | None = None
    type: str = "project"
    job_definition_id: int | None = None
    environment_id: int | None = None


@router.get("/accounts/{account_id}/projects/{project_id}/environments")
def list_environments_of_project(
    request: Request, principal: Caller, account_id: Id, project_id: Id
) -> Response:
    """List the environments of a project."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        project_for(connection, principal, project_id, "project-read")
    return environments_page(request, principal, project_id)


@router.post(
    "/accounts/{account_id}/projects/{project_id}/environments",
    openapi_extra=described(NewEnvironment),
)
def add_environment(
    request: Request,
    principal: Caller,
    account_id: Id,
    project_id: Id,
    body: Annotated[Any, Depends(body_of(NewEnvironment))],
) -> Response:
    """Make an environment."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        project_for(connection, principal, project_id, "environment-write")
        made = create_environment(connection, acting(request, principal), project_id, body)
        row = connection.execute(select(environments).where(environments.c.id == made)).one()
    return enveloped(environment_shape(row))


@router.get("/accounts/{account_id}/projects/{project_id}/environments/{environment_id}")
def read_environment(
    request: Request, principal: Caller, account_id: Id, project_id: Id, environment_id: Id
) -> Response:
    """Return an environment."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        row = environment_for(connection, principal, environment_id, "project-read")
        if row.project_id != project_id:
            raise not_found(f"Environment {environment_id} of project {project_id}")
        project = project_for(connection, principal, project_id, "project-read")
    return enveloped(environment_shape(row, {"project": project_shape(project)}))


@router.get("/accounts/{account_id}/users/{user_id}/credentials")
def read_credentials(request: Request, principal: Caller, account_id: Id, user_id: Id) -> Response:
    """Return no credentials: those of developers stay with the developers."""
    check_account(principal, account_id)
    if user_shape(request, principal)["id"] != user_id:
        raise not_found(f"User {user_id}")
    return enveloped([])


@router.get("/accounts/{account_id}/projects/{project_id}/environment-variables/job")
def list_job_variables(
    request: Request, principal: Caller, account_id: Id, project_id: Id
) -> Response:
    """Return variables by name, with their values at each level."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        project_for(connection, principal, project_id, "job-read")
        job_id = number_of(request, "job_definition_id")
        job = None if job_id is None else job_for(connection, principal, job_id, "job-read")
        found: dict[str, dict[str, Any]] = {}
        for row in _variables(connection, project_id):
            is_meant = {
                "project": True,
                "environment": job is not None and row.scope_id == job.environment_id,
                "job": job is not None and row.scope_id == job.id,
            }[row.level]
            if is_meant:
                found.setdefault(row.name, {})[row.level] = _shown(request, row)
    levels = ("project", "environment", "job")
    return enveloped(
        {name: {level: by.get(level) for level in levels} for name, by in found.items()}
    )


@router.get("/accounts/{account_id}/projects/{project_id}/environment-variables/environment")
def list_environment_variables(
    request: Request, principal: Caller, account_id: Id, project_id: Id
) -> Response:
    """Return variables by name and environment, the project's own first."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        project_for(connection, principal, project_id, "project-read")
        names = {
            row.id: row.name
            for row in connection.execute(
                select(environments.c.id, environments.c.name)
                .where(environments.c.project_id == project_id)
                .order_by(environments.c.id)
            )
        }
        found: dict[str, dict[str, Any]] = {}
        for row in _variables(connection, project_id):
            place = "project" if row.level == "project" else names.get(row.scope_id)
            if row.level != "job" and place is not None:
                found.setdefault(row.name, {})[place] = _shown(request, row)
    return enveloped({"environments": ["project", *names.values()], "variables": found})


@router.post(
    "/accounts/{account_id}/projects/{project_id}/environment-variables",
    openapi_extra=described(VariableBody),
)
def add_variable(
    request: Request,
    principal: Caller,
    account_id: Id,
    project_id: Id,
    body: Annotated[Any, Depends(body_of(VariableBody))],
) -> Response:
    """Write a variable of a project, an environment or a job."""
    check_account(principal, account_id)
    return _write(request, principal, account_id, project_id, body)


@router.post(
    "/accounts/{account_id}/projects/{project_id}/environment-variables/{variable_id}",
    openapi_extra=described(VariableBody),
)
def change_variable(
    request: Request,
    principal: Caller,
    account_id: Id,
    project_id: Id,
    variable_id: Id,
    body: Annotated[Any, Depends(body_of(VariableBody))],
) -> Response:
    """Write a variable anew."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        project_for(connection, principal, project_id, "job-write")
        row = _variable(connection, project_id, variable_id)
        if row.name != body.name:
            raise Refused(UNPROCESSABLE, "A variable cannot be renamed: make another one.")
        scope = (account_id, project_id, row.level, row.scope_id)
        set_variable(
            connection, acting(request, principal), here(request).sealer, scope, row.name,
            body.raw_value or "",
        )  # fmt: skip
        return enveloped(_whole(request, _variable(connection, project_id, variable_id)))


@router.delete("/accounts/{account_id}/projects/{project_id}/environment-variables/{variable_id}")
def remove_variable(
    request: Request, principal: Caller, account_id: Id, project_id: Id, variable_id: Id
) -> Response:
    """Take a variable away."""
    check_account(principal, account_id)
    with here(request).database.writing() as connection:
        project_for(connection, principal, project_id, "job-write")
        row = _variable(connection, project_id, variable_id)
        scope = (account_id, project_id, row.level, row.scope_id)
        set_variable(
            connection, acting(request, principal), here(request).sealer, scope, row.name, None
        )
        return enveloped(_whole(request, row))


def _write(
    request: Request, principal: Any, account_id: int, project_id: int, body: VariableBody
) -> Response:
    with here(request).database.writing() as connection:
        project_for(connection, principal, project_id, "job-write")
        level, scope_id = "project", project_id
        if body.job_definition_id is not None:
            job = job_for(connection, principal, body.job_definition_id, "job-write")
            level, scope_id = "job", job.id
            belongs = job.project_id == project_id
        elif body.environment_id is not None:
            row = environment_for(connection, principal, body.environment_id, "job-write")
            level, scope_id = "environment", row.id
            belongs = row.project_id == project_id
        else:
            belongs = True
        if not belongs:
            raise Refused(UNPROCESSABLE, "The variable's place is not in the project.")
        scope = (account_id, project_id, level, scope_id)
        set_variable(
            connection, acting(request, principal), here(request).sealer, scope, body.name,
            body.raw_value or "",
        )  # fmt: skip
        made = connection.execute(
            select(variables).where(
                variables.c.level == level, variables.c.scope_id == scope_id,
                variables.c.name == body.name,
            )
        ).one()  # fmt: skip
        return enveloped(_whole(request, made))


def _variables(connection: Connection, project_id: int) -> Any:
    return connection.execute(
        select(variables).where(variables.c.project_id == project_id).order_by(variables.c.name)
    ).all()


def _variable(connection: Connection, project_id: int, variable_id: int) -> Any:
    row = connection.execute(
        select(variables).where(
            variables.c.id == variable_id, variables.c.project_id == project_id
        )
    ).one_or_none()
    if row is None:
        raise not_found(f"Variable {variable_id}")
    return row


def _shown(request: Request, row: Any) -> Mapping[str, Any]:
    value = MASKED if is_secret(row.name) else here(request).sealer.open(row.sealed)
    return {"id": row.id, "value": value}


def _whole(request: Request, row: Any) -> Mapping[str, Any]:
    value = _shown(request, row)["value"]
    return {
        "id": row.id,
        "account_id": row.account_id,
        "project_id": row.project_id,
        "name": row.name,
        "type": row.level,
        "job_definition_id": row.scope_id if row.level == "job" else None,
        "environment_id": row.scope_id if row.level == "environment" else None,
        "raw_value": value,
        "display_value": value,
        "state": 1,
    }
