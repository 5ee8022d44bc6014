"""upriver's own interface, at `/api/upriver/v1`: what its command line asks (the linked client).

Answers are plain JSON. The state of an environment is one row, found by its key; everything that
is larger carries an ETag.
"""

from __future__ import annotations

import gzip
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from upriver import __version__
from upriver.server.api.caller import Caller, Id, acting, body_of, described, here
from upriver.server.api.envelope import JSON, as_json
from upriver.server.api.sending import (
    accepts_gzip,
    is_known,
    send_artifact,
    unchanged,
)
from upriver.server.artifacts import newest_artifact
from upriver.server.auth.principals import Principal
from upriver.server.db.tables import accounts
from upriver.server.deferral_index import Indexes, index_json, index_key
from upriver.server.environments import (
    NewEnvironment,
    create_environment,
    create_project,
    environment_for,
    environments_of,
    project_for,
    visible_projects,
)
from upriver.server.jobs.lookups import state_artifact
from upriver.server.ledger import builds_of
from upriver.server.refusals import UNPROCESSABLE, Refused, not_found
from upriver.server.states import State, find_state, pin, states_of

router = APIRouter(prefix="/api/upriver/v1", tags=["upriver"])

STATE_ARTIFACTS = frozenset({"manifest.json", "run_results.json"})
"""Those that belong to the run of the state and to no other."""
OTHER_ARTIFACTS = frozenset({"sources.json", "catalog.json", "semantic_manifest.json"})
"""Those of the newest run that wrote one."""
_MOST_NODES = 500
_QUICK = 1
EnvironmentId = Annotated[int | None, Query(ge=1, le=2**53)]


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """Where to hold a state; None: nowhere."""

    run_id: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None


class NewProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project to make."""

    name: str
    description: str | None = None


@router.get("/whoami")
def whoami(request: Request, principal: Caller) -> Response:
    """Say who the token is, and which projects it reaches."""
    with here(request).database.reading() as connection:
        account = connection.execute(
            accounts.select().where(accounts.c.id == principal.account_id)
        ).one()
        found = visible_projects(connection, principal)
    return as_json(
        {
            "account": {"id": account.id, "name": account.name},
            "token": {
                "name": principal.name,
                "kind": principal.token_kind,
                "scopes": principal.scopes(),
                "expires_at": principal.token_expires_at,
            },
            "projects": [{"id": row.id, "name": row.name} for row in found],
            "server": {"version": __version__},
        }
    )


@router.get("/projects")
def list_projects(request: Request, principal: Caller) -> Response:
    """List the projects the caller may see."""
    with here(request).database.reading() as connection:
        found = visible_projects(connection, principal)
    return as_json({"projects": [{"id": row.id, "name": row.name} for row in found]})


@router.post("/projects", openapi_extra=described(NewProject))
def add_project(
    request: Request, principal: Caller, body: Annotated[Any, Depends(body_of(NewProject))]
) -> Response:
    """Make a project, with a development and a production environment."""
    principal.require("project-create")
    with here(request).database.writing() as connection:
        project_id = create_project(
            connection, acting(request, principal), body.name, description=body.description
        )
        found = environments_of(connection, project_id)
    shown = [{"id": row.id, "name": row.name, "type": row.type} for row in found]
    return as_json({"id": project_id, "name": body.name, "environments": shown})


@router.get("/projects/{project_id}/environments")
def list_environments(request: Request, principal: Caller, project_id: Id) -> Response:
    """List a project's environments with their states."""
    with here(request).database.reading() as connection:
        project_for(connection, principal, project_id, "project-read")
        found = environments_of(connection, project_id)
        states = states_of(connection, project_id)
    may_see = principal.may("state-read", project_id)
    return as_json(
        {
            "environments": [
                {
                    "id": row.id,
                    "name": row.name,
                    "type": row.type,
                    "deployment_type": row.deployment_type,
                    "is_deferrable": row.id in states,
                    "state": states.get(row.id) if may_see else None,
                }
                for row in found
            ]
        }
    )


@router.post("/projects/{project_id}/environments", openapi_extra=described(NewEnvironment))
def add_environment(
    request: Request,
    principal: Caller,
    project_id: Id,
    body: Annotated[Any, Depends(body_of(NewEnvironment))],
) -> Response:
    """Make an environment of a project."""
    with here(request).database.writing() as connection:
        project_for(connection, principal, project_id, "environment-write")
        new = create_environment(connection, acting(request, principal), project_id, body)
    return as_json({"id": new, **msgspec.to_builtins(body)})


@router.get("/projects/{project_id}/state")
def read_state(
    request: Request, principal: Caller, project_id: Id, environment_id: EnvironmentId = None
) -> Response:
    """Say which run's artifacts are current: what a linked command asks at each start."""
    state = _state(request, principal, project_id, environment_id)
    if is_known(request, state.etag):
        return unchanged(state.etag)
    return as_json(state, headers={"ETag": state.etag, "Cache-Control": "no-cache"})


def _state(
    request: Request, principal: Principal, project_id: int, environment_id: int | None
) -> State:
    with here(request).database.reading() as connection:
        project = project_for(connection, principal, project_id, "state-read")
        return find_state(connection, project, environment_id)


@router.get("/projects/{project_id}/state/index")
def read_index(
    request: Request,
    principal: Caller,
    project_id: Id,
    environment_id: EnvironmentId = None,
    node: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Hand out what deferral needs of the state, for some nodes or for all."""
    if node is not None and len(node) > _MOST_NODES:
        raise Refused(
            UNPROCESSABLE, f"At most {_MOST_NODES} nodes can be named; name none for all."
        )
    wanted = None if node is None else tuple(dict.fromkeys(node))
    with here(request).database.reading() as connection:
        project = project_for(connection, principal, project_id, "state-read")
        state = find_state(connection, project, environment_id)
        if is_known(request, state.etag):
            return unchanged(state.etag)
        key = index_key(connection, state)
    headers = {"ETag": state.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    indexes: Indexes = request.app.state.indexes

    def written() -> bytes:
        with here(request).database.reading() as connection:
            ledger = builds_of(connection, state.environment.id, wanted)
        return index_json(indexes.get(key), ledger, wanted)

    if not accepts_gzip(request):
        return Response(written(), media_type=JSON, headers=headers)
    headers["Content-Encoding"] = "gzip"
    if wanted is None:
        data = indexes.whole(state.etag, written)
    else:
        data = gzip.compress(written(), _QUICK, mtime=0)
    return Response(data, media_type=JSON, headers=headers)


@router.get("/projects/{project_id}/state/artifacts/{name}")
def read_state_artifact(
    request: Request,
    principal: Caller,
    project_id: Id,
    name: str,
    environment_id: EnvironmentId = None,
) -> Response:
    """Hand out an artifact of the state."""
    installation = here(request)
    with installation.database.reading() as connection:
        project = project_for(connection, principal, project_id, "state-read")
        state = find_state(connection, project, environment_id)
        artifact = None
        if name in STATE_ARTIFACTS | OTHER_ARTIFACTS:
            artifact = state_artifact(connection, state.run.id, name)
        if artifact is None and name in OTHER_ARTIFACTS:
            artifact = newest_artifact(connection, state.environment.id, name)
    if artifact is None:
        raise not_found(f"Artifact `{name[:80]}` of environment `{state.environment.name}`")
    return send_artifact(installation, request, artifact)


@router.post(
    "/projects/{project_id}/environments/{environment_id}/pin", openapi_extra=described(Pin)
)
def pin_state(
    request: Request,
    principal: Caller,
    project_id: Id,
    environment_id: Id,
    body: Annotated[Any, Depends(body_of(Pin))],
) -> Response:
    """Hold an environment's state at a run, or let it follow the newest again."""
    with here(request).database.writing() as connection:
        project = project_for(connection, principal, project_id, "state-read")
        environment = environment_for(connection, principal, environment_id, "state-pin")
        if environment.project_id != project.id:
            raise not_found(f"Environment {environment_id} of project {project_id}")
        pin(connection, acting(request, principal), environment, body.run_id)
        state = find_state(connection, project, environment_id)
    return as_json(state, headers={"ETag": state.etag})
