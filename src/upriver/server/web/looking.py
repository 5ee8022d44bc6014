"""What pages show, read from the database; every query is of the visitor's account and projects."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, desc, func, select

from upriver.server.auth.principals import Principal
from upriver.server.db.tables import (
    artifacts,
    audit_events,
    builds,
    environments,
    grants,
    jobs,
    projects,
    run_steps,
    runs,
    tokens,
    users,
)
from upriver.server.refusals import not_found

PAGE = 50


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of many."""

    rows: list[Row[Any]]
    number: int
    """Of the page, from 1."""
    total: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.total // PAGE))


def _page(connection: Connection, query: Any, number: int) -> Shown:
    total = connection.execute(
        select(func.count()).select_from(query.order_by(None).subquery())
    ).scalar_one()
    rows = connection.execute(query.limit(PAGE).offset((number - 1) * PAGE)).all()
    return Shown(rows=list(rows), number=number, total=total)


def environments_with_state(connection: Connection, project_ids: list[int]) -> list[Row[Any]]:
    """Return environments, each with the run it is known by."""
    query = (
        select(
            environments,
            runs.c.id.label("run_id"), runs.c.git_sha, runs.c.git_branch, runs.c.finished_at,
            runs.c.dbt_version.label("run_dbt_version"), runs.c.cause, runs.c.manifest_size,
        )
        .outerjoin(runs, runs.c.id == environments.c.current_state_run_id)
        .where(environments.c.project_id.in_(project_ids), environments.c.state == 1)
        .order_by(environments.c.id)
    )  # fmt: skip
    return list(connection.execute(query))


def runs_page(
    connection: Connection,
    project_id: int,
    *,
    number: int = 1,
    environment_id: int | None = None,
    status: int | None = None,
) -> Shown:
    """Return runs of a project, the newest first."""
    query = (
        select(runs, environments.c.name.label("environment_name"), jobs.c.name.label("job_name"))
        .join(environments, environments.c.id == runs.c.environment_id)
        .outerjoin(jobs, jobs.c.id == runs.c.job_id)
        .where(runs.c.project_id == project_id)
        .order_by(desc(runs.c.id))
    )
    if environment_id is not None:
        query = query.where(runs.c.environment_id == environment_id)
    if status is not None:
        query = query.where(runs.c.status == status)
    return _page(connection, query, number)


def run_row(connection: Connection, principal: Principal, run_id: int) -> Row[Any]:
    """Return a run of a project in which the visitor may see runs; raises Refused."""
    row = connection.execute(
        select(
            runs, environments.c.name.label("environment_name"),
            environments.c.current_state_run_id, jobs.c.name.label("job_name"),
            projects.c.name.label("project_name"),
        )
        .join(environments, environments.c.id == runs.c.environment_id)
        .join(projects, projects.c.id == runs.c.project_id)
        .outerjoin(jobs, jobs.c.id == runs.c.job_id)
        .where(runs.c.account_id == principal.account_id, runs.c.id == run_id)
    ).one_or_none()  # fmt: skip
    if row is None or not principal.may("run-read", row.project_id):
        raise not_found(f"Run {run_id}")
    return row


def steps_of(connection: Connection, run_id: int) -> list[dict[str, Any]]:
    """Return a run's steps; as mappings, since rows have a method called `index`."""
    query = select(run_steps).where(run_steps.c.run_id == run_id).order_by(run_steps.c.index)
    return [dict(row) for row in connection.execute(query).mappings()]


def artifacts_of(connection: Connection, run_id: int) -> list[Row[Any]]:
    """Return a run's artifacts."""
    query = select(artifacts).where(artifacts.c.run_id == run_id)
    return list(connection.execute(query.order_by(artifacts.c.step, artifacts.c.name)))


def ledger_page(connection: Connection, environment_id: int, *, number: int, wanted: str) -> Shown:
    """Return the build ledger of an environment, what was built last first."""
    query = (
        select(builds)
        .where(builds.c.environment_id == environment_id)
        .order_by(desc(builds.c.built_at), builds.c.unique_id)
    )
    if wanted:
        query = query.where(builds.c.unique_id.icontains(wanted, autoescape=True))
    return _page(connection, query, number)


def tokens_of(connection: Connection, principal: Principal) -> list[Row[Any]]:
    """Return the tokens a visitor may see: their own, and for administrators those of services."""
    query = (
        select(tokens, users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == tokens.c.user_id)
        .where(tokens.c.account_id == principal.account_id, tokens.c.revoked_at.is_(None))
        .order_by(desc(tokens.c.id))
    )
    if not principal.may("account-admin"):
        query = query.where(tokens.c.user_id == principal.user_id)
    return list(connection.execute(query))


def grants_of_tokens(connection: Connection, account_id: int) -> dict[int, str]:
    """Return the permission sets of service tokens, as they are shown."""
    found = connection.execute(
        select(grants.c.token_id, grants.c.permission_set, projects.c.name)
        .outerjoin(projects, projects.c.id == grants.c.project_id)
        .where(grants.c.account_id == account_id, grants.c.token_id.is_not(None))
    )
    shown: dict[int, str] = {}
    for token_id, name, project in found:
        words = name if project is None else f"{name} in {project}"
        shown[token_id] = f"{shown[token_id]}, {words}" if token_id in shown else words
    return shown


def people_of(connection: Connection, account_id: int) -> list[Row[Any]]:
    """Return everybody, with what they may do in the account."""
    query = (
        select(users, grants.c.permission_set)
        .outerjoin(grants, (grants.c.user_id == users.c.id) & grants.c.project_id.is_(None))
        .where(users.c.account_id == account_id)
        .order_by(users.c.id)
    )
    return list(connection.execute(query))


def audit_page(connection: Connection, account_id: int, number: int) -> Shown:
    """Return the audit log, the newest first."""
    query = (
        select(audit_events)
        .where(audit_events.c.account_id == account_id)
        .order_by(desc(audit_events.c.id))
    )
    return _page(connection, query, number)
