"""Accounts, projects and environments in the v2 interface (platform.md 6.1, rows 11, 13, 14, 17, 19)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Select, select

from upriver.server.api.caller import Caller, Id, check_account, here
from upriver.server.api.envelope import enveloped
from upriver.server.api.lists import numbers_of, page, words_of
from upriver.server.api.shapes.places import account_shape, environment_shape, project_shape
from upriver.server.auth.principals import Principal
from upriver.server.db.tables import accounts, environments, projects, users
from upriver.server.environments import environment_for, project_for

router = APIRouter(prefix="/api/v2", tags=["v2"])
_PROJECTS = {
    "id": projects.c.id, "name": projects.c.name, "created_at": projects.c.created_at,
    "updated_at": projects.c.updated_at,
}  # fmt: skip
_ENVIRONMENTS = {
    "id": environments.c.id, "name": environments.c.name,
    "created_at": environments.c.created_at, "updated_at": environments.c.updated_at,
}  # fmt: skip
_ACTIVE = 1


@router.get("/accounts")
def list_accounts(request: Request, principal: Caller) -> Response:
    """List the one account a token belongs to."""
    with here(request).database.reading() as connection:
        return page(
            connection, request, select(accounts).where(accounts.c.id == principal.account_id),
            {"id": accounts.c.id}, lambda rows: [account_shape(row) for row in rows],
        )  # fmt: skip


@router.get("/accounts/{account_id}")
def read_account(request: Request, principal: Caller, account_id: Id) -> Response:
    """Return the account."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        account = connection.execute(select(accounts).where(accounts.c.id == account_id)).one()
    return enveloped(account_shape(account))


@router.get("/whoami")
def who_am_i(request: Request, principal: Caller) -> Response:
    """Return the user a token acts for."""
    return enveloped({"user": user_shape(request, principal)})


@router.get("/accounts/{account_id}/users")
def list_users(request: Request, principal: Caller, account_id: Id) -> Response:
    """List the users of the account: all of them to who administers it, else the caller."""
    check_account(principal, account_id)
    query = select(users).where(users.c.account_id == account_id)
    if not principal.may("account-admin"):
        query = query.where(users.c.id == principal.user_id)
    with here(request).database.reading() as connection:
        return page(connection, request, query, {"id": users.c.id}, lambda rows: [
            {"id": row.id, "email": row.email, "first_name": row.name, "last_name": "",
             "is_active": row.is_active} for row in rows
        ])  # fmt: skip


@router.get("/accounts/{account_id}/projects")
def list_projects(request: Request, principal: Caller, account_id: Id) -> Response:
    """List projects."""
    check_account(principal, account_id)
    return projects_page(request, principal)


@router.get("/accounts/{account_id}/projects/{project_id}")
def read_project(request: Request, principal: Caller, account_id: Id, project_id: Id) -> Response:
    """Return a project."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        return enveloped(
            project_shape(project_for(connection, principal, project_id, "project-read"))
        )


@router.get("/accounts/{account_id}/environments")
def list_environments(request: Request, principal: Caller, account_id: Id) -> Response:
    """List environments."""
    check_account(principal, account_id)
    return environments_page(request, principal)


@router.get("/accounts/{account_id}/environments/{environment_id}")
def read_environment(
    request: Request, principal: Caller, account_id: Id, environment_id: Id
) -> Response:
    """Return an environment."""
    check_account(principal, account_id)
    with here(request).database.reading() as connection:
        row = environment_for(connection, principal, environment_id, "project-read")
    return enveloped(environment_shape(row))


@router.get("/accounts/{account_id}/repositories")
@router.get("/accounts/{account_id}/connections")
def list_nothing(principal: Caller, account_id: Id) -> Response:
    """Return an empty page: these belong to projects and environments here."""
    check_account(principal, account_id)
    extra = {
        "filters": {"limit": 100, "offset": 0}, "order_by": "id",
        "pagination": {"count": 0, "total_count": 0},
    }  # fmt: skip
    return enveloped([], extra=extra)


def user_shape(request: Request, principal: Principal) -> dict[str, Any]:
    """Return the caller as a user; a service token is one in name only."""
    with here(request).database.reading() as connection:
        row = connection.execute(
            select(users).where(users.c.id == principal.user_id)
        ).one_or_none()
    return {
        "id": principal.user_id or principal.id,
        "email": None if row is None else row.email,
        "first_name": principal.name if row is None else row.name,
        "last_name": "",
        "is_active": True,
        "is_staff": False,
    }


def projects_page(request: Request, principal: Principal) -> Response:
    """Answer with a page of the projects a caller may see."""
    query = _seen(principal, select(projects), projects.c.id, projects.c.account_id)
    query = query.where(projects.c.state == _state(request))
    part = request.query_params.get("name__icontains")
    if part:
        query = query.where(projects.c.name.icontains(part[:255], autoescape=True))
    wanted = numbers_of(request, "pk__in")
    if wanted:
        query = query.where(projects.c.id.in_(wanted))
    related = words_of(request, "include_related")
    with here(request).database.reading() as connection:

        def shape(rows: Any) -> list[dict[str, Any]]:
            found: dict[int, list[Any]] = {}
            if "environments" in related:
                for row in connection.execute(
                    select(environments).where(
                        environments.c.project_id.in_([row.id for row in rows]),
                        environments.c.state == _ACTIVE,
                    )
                ):
                    found.setdefault(row.project_id, []).append(environment_shape(row))
            return [project_shape(row, {"environments": found.get(row.id, [])}) for row in rows]

        return page(connection, request, query, _PROJECTS, shape)


def environments_page(
    request: Request, principal: Principal, project_id: int | None = None
) -> Response:
    """Answer with a page of environments."""
    query = _seen(
        principal, select(environments), environments.c.project_id, environments.c.account_id
    )
    query = query.where(environments.c.state == _state(request))
    wanted = [project_id] if project_id is not None else numbers_of(request, "project_id")
    if wanted:
        query = query.where(environments.c.project_id.in_(wanted))
    for name in ("deployment_type", "type"):
        words = (*words_of(request, name), *words_of(request, f"{name}__in"))
        if words:
            query = query.where(environments.c[name].in_(words))
    part = request.query_params.get("name__icontains")
    if part:
        query = query.where(environments.c.name.icontains(part[:255], autoescape=True))
    with here(request).database.reading() as connection:
        return page(
            connection, request, query, _ENVIRONMENTS,
            lambda rows: [environment_shape(row) for row in rows],
        )  # fmt: skip


def _seen(principal: Principal, query: Select[Any], project: Any, account: Any) -> Select[Any]:
    query = query.where(account == principal.account_id)
    allowed = principal.projects_with("project-read")
    return query if allowed is None else query.where(project.in_(allowed))


def _state(request: Request) -> int:
    found = numbers_of(request, "state")
    return found[0] if found else _ACTIVE
