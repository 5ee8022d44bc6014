"""Projects and their environments (ENV-01..03): made, found, and found only by who may see them."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from upriver.server.audit import Actor, record
from upriver.server.auth.permissions import Permission
from upriver.server.auth.principals import Principal
from upriver.server.db.tables import environments, projects
from upriver.server.moments import now
from upriver.server.refusals import CONFLICT, UNPROCESSABLE, Refused, not_found

ACTIVE = 1
DEVELOPMENT = "development"
DEPLOYMENT = "deployment"
PRODUCTION = "production"
STAGING = "staging"
_LONGEST_NAME = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class NewEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """What an environment is to be."""

    name: str
    type: Literal["development", "deployment"] = "deployment"
    deployment_type: Literal["production", "staging"] | None = None
    accepts_parsed: bool = False
    """Whether a manifest that built nothing may become state."""


USUAL = (
    NewEnvironment(name="Development", type="development"),
    NewEnvironment(name="Production", deployment_type="production"),
)
"""What every new project has."""


def create_project(
    connection: Connection, actor: Actor, name: str, *, description: str | None = None
) -> int:
    """Make a project with a development and a production environment."""
    check_name(name)
    moment = now()
    try:
        with connection.begin_nested():
            row = connection.execute(
                insert(projects).values(
                    account_id=actor.account_id,
                    name=name,
                    description=description,
                    created_at=moment,
                    updated_at=moment,
                )
            ).inserted_primary_key
    except IntegrityError as error:
        raise Refused(CONFLICT, f"There is a project `{name}` already.") from error
    assert row is not None  # noqa: S101 - single inserts have one
    record(connection, actor, "project.added", on=("project", row[0]), detail={"name": name})
    for wanted in USUAL:
        create_environment(connection, actor, row[0], wanted)
    return int(row[0])


def create_environment(
    connection: Connection, actor: Actor, project_id: int, wanted: NewEnvironment
) -> int:
    """Make an environment; at most one development, one production and one staging per project."""
    check_name(wanted.name)
    if wanted.type == DEVELOPMENT and wanted.deployment_type is not None:
        raise Refused(UNPROCESSABLE, "A development environment has no deployment type.")
    moment = now()
    try:
        with connection.begin_nested():
            row = connection.execute(
                insert(environments).values(
                    account_id=actor.account_id,
                    project_id=project_id,
                    created_at=moment,
                    updated_at=moment,
                    **msgspec.structs.asdict(wanted),
                )
            ).inserted_primary_key
    except IntegrityError as error:
        kind = wanted.deployment_type or wanted.type
        raise Refused(CONFLICT, f"The project has a {kind} environment already.") from error
    assert row is not None  # noqa: S101 - single inserts have one
    record(
        connection, actor, "environment.added",
        on=("environment", row[0]), detail={"name": wanted.name, "project_id": project_id},
    )  # fmt: skip
    return int(row[0])


def check_name(name: str) -> None:
    """Raise Refused for a name nobody could read."""
    if not name.strip() or len(name) > _LONGEST_NAME or _CONTROL.search(name):
        raise Refused(UNPROCESSABLE, f"A name has 1 to {_LONGEST_NAME} printable characters.")


def visible_projects(connection: Connection, principal: Principal) -> list[Row[Any]]:
    """Return the projects the caller may see, in the order of their ids."""
    allowed = principal.projects_with("project-read")
    query = select(projects).where(
        projects.c.account_id == principal.account_id, projects.c.state == ACTIVE
    )
    if allowed is not None:
        query = query.where(projects.c.id.in_(allowed))
    return list(connection.execute(query.order_by(projects.c.id)))


def project_for(
    connection: Connection, principal: Principal, project_id: int, permission: Permission
) -> Row[Any]:
    """Return a project the caller may do this in: 404 when invisible, 403 when not allowed."""
    row = connection.execute(
        select(projects).where(
            projects.c.account_id == principal.account_id,
            projects.c.id == project_id,
            projects.c.state == ACTIVE,
        )
    ).one_or_none()
    if row is None or not _is_visible(principal, project_id):
        raise not_found(f"Project {project_id}")
    principal.require(permission, project_id)
    return row


def environment_for(
    connection: Connection, principal: Principal, environment_id: int, permission: Permission
) -> Row[Any]:
    """Return an environment the caller may do this in, likewise."""
    row = connection.execute(
        select(environments).where(
            environments.c.account_id == principal.account_id,
            environments.c.id == environment_id,
            environments.c.state == ACTIVE,
        )
    ).one_or_none()
    if row is None or not _is_visible(principal, row.project_id):
        raise not_found(f"Environment {environment_id}")
    principal.require(permission, row.project_id)
    return row


def environments_of(connection: Connection, project_id: int) -> list[Row[Any]]:
    """Return a project's environments, in the order of their ids."""
    query = select(environments).where(
        environments.c.project_id == project_id, environments.c.state == ACTIVE
    )
    return list(connection.execute(query.order_by(environments.c.id)))


def _is_visible(principal: Principal, project_id: int) -> bool:
    """Whether any grant reaches into the project."""
    return any(grant.project_id in (None, project_id) for grant in principal.grants)
