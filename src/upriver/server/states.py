"""The state rule: which run's artifacts an environment is known by (platform.md section 3).

`environments.current_state_run_id` is the answer, made when a run ends and not when somebody asks.
It is moved by `advance`, in the transaction that ends the run, and by `pin`; it never moves to an
older run by itself (R-06).
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, desc, select, update

from upriver.server.audit import Actor, record
from upriver.server.db.tables import environments, projects, runs
from upriver.server.environments import DEPLOYMENT, PRODUCTION, STAGING
from upriver.server.moments import now, spell_moment
from upriver.server.refusals import NOT_FOUND, UNPROCESSABLE, Refused, not_found


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Something by its id and name."""

    id: int
    name: str


class NamedEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment by its id, name and mark."""

    id: int
    name: str
    deployment_type: str | None


class StateRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that a state comes from."""

    id: int
    finished_at: str | None
    git_sha: str | None
    git_branch: str | None
    cause: str


class StateManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a state."""

    sha256: str
    size: int
    generated_at: str | None
    schema_version: int | None
    dbt_version: str | None
    invocation_id: str | None


class StateLedger(msgspec.Struct, frozen=True, kw_only=True):
    """How far the build ledger is."""

    revision: int
    nodes: int


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What an environment is known by, with where it comes from (DEF-13)."""

    account_id: int
    project: Named
    environment: NamedEnvironment
    run: StateRun
    manifest: StateManifest
    ledger: StateLedger
    pinned: bool

    @property
    def etag(self) -> str:
        """Changes whenever anything that is handed out for the state does."""
        return (
            f'"e{self.environment.id}-r{self.run.id}-l{self.ledger.revision}'
            f'-{self.manifest.sha256[:16]}"'
        )


_STATE = (
    select(
        environments.c.account_id,
        projects.c.id.label("project_id"),
        projects.c.name.label("project_name"),
        environments.c.id.label("environment_id"),
        environments.c.name.label("environment_name"),
        environments.c.type,
        environments.c.deployment_type,
        environments.c.pinned_run_id,
        environments.c.ledger_revision,
        environments.c.ledger_nodes,
        runs.c.id.label("run_id"),
        runs.c.finished_at,
        runs.c.git_sha,
        runs.c.git_branch,
        runs.c.cause,
        runs.c.manifest_sha256,
        runs.c.manifest_size,
        runs.c.manifest_generated_at,
        runs.c.manifest_schema_version,
        runs.c.dbt_version,
        runs.c.invocation_id,
    )
    .join_from(environments, projects, projects.c.id == environments.c.project_id)
    .outerjoin(runs, runs.c.id == environments.c.current_state_run_id)
    .where(environments.c.state == 1)
)


def find_state(connection: Connection, project: Row[Any], environment_id: int | None) -> State:
    """Return the state a developer's command defers to; raises Refused with the reason for none."""
    query = _STATE.where(environments.c.project_id == project.id)
    if environment_id is not None:
        row = connection.execute(query.where(environments.c.id == environment_id)).one_or_none()
        if row is None or row.type != DEPLOYMENT:
            raise not_found(f"Deployment environment {environment_id} of project {project.id}")
    else:
        found = connection.execute(
            query.where(environments.c.deployment_type.in_((STAGING, PRODUCTION)))
        ).all()
        # Staging comes first where there is one, even if it has no run yet (DEF-03, DEF-09).
        row = next(iter(sorted(found, key=lambda each: each.deployment_type != STAGING)), None)
        if row is None:
            raise Refused(
                NOT_FOUND, f"No deferral environment defined for project `{project.name}`."
            )
    if row.run_id is None:
        raise Refused(
            NOT_FOUND,
            f"Environment `{row.environment_name}` of project `{project.name}` has no state yet:"
            " no deploy run has succeeded in it.",
        )
    return _state(row)


def states_of(connection: Connection, project_id: int) -> dict[int, State]:
    """Return the states of a project's environments by their ids, of those that have one."""
    found = connection.execute(_STATE.where(environments.c.project_id == project_id))
    return {row.environment_id: _state(row) for row in found if row.run_id is not None}


def _state(row: Any) -> State:
    return State(
        account_id=row.account_id,
        project=Named(id=row.project_id, name=row.project_name),
        environment=NamedEnvironment(
            id=row.environment_id, name=row.environment_name, deployment_type=row.deployment_type
        ),
        run=StateRun(
            id=row.run_id,
            finished_at=spell_moment(row.finished_at),
            git_sha=row.git_sha,
            git_branch=row.git_branch,
            cause=row.cause,
        ),
        manifest=StateManifest(
            sha256=row.manifest_sha256,
            size=row.manifest_size,
            generated_at=spell_moment(row.manifest_generated_at),
            schema_version=row.manifest_schema_version,
            dbt_version=row.dbt_version,
            invocation_id=row.invocation_id,
        ),
        ledger=StateLedger(revision=row.ledger_revision, nodes=row.ledger_nodes),
        pinned=row.pinned_run_id is not None,
    )


def advance(connection: Connection, environment_id: int) -> bool:
    """Point to the newest usable run, unless pinned; whether the pointer moved."""
    environment = connection.execute(
        select(environments).where(environments.c.id == environment_id).with_for_update()
    ).one()
    if environment.pinned_run_id is not None:
        return False
    newest = _newest_usable(connection, environment_id)
    if newest is None or newest.id == environment.current_state_run_id:
        return False
    if environment.current_state_run_id is not None:
        current = connection.execute(
            select(runs.c.finished_at, runs.c.id).where(
                runs.c.id == environment.current_state_run_id
            )
        ).one()
        if (newest.finished_at, newest.id) <= (current.finished_at, current.id):
            return False
    _point(connection, environment_id, newest.id, pinned_run_id=None)
    return True


def pin(connection: Connection, actor: Actor, environment: Row[Any], run_id: int | None) -> None:
    """Hold the state at a run, older ones too; None: follow the newest again."""
    locked = connection.execute(
        select(environments).where(environments.c.id == environment.id).with_for_update()
    ).one()
    target = run_id
    if run_id is None:
        newest = _newest_usable(connection, environment.id)
        target = None if newest is None else newest.id
    elif not _is_usable(connection, environment.id, run_id):
        raise Refused(
            UNPROCESSABLE,
            f"Run {run_id} cannot be the state of environment `{environment.name}`: it is not one"
            " of its successful deploy runs that have a manifest.",
        )
    _point(connection, environment.id, target, pinned_run_id=run_id)
    record(
        connection, actor, "environment.state_pinned" if run_id else "environment.state_unpinned",
        on=("environment", environment.id),
        detail={"before": locked.current_state_run_id, "after": target},
    )  # fmt: skip


def _point(
    connection: Connection, environment_id: int, run_id: int | None, *, pinned_run_id: int | None
) -> None:
    connection.execute(
        update(environments)
        .where(environments.c.id == environment_id)
        .values(current_state_run_id=run_id, pinned_run_id=pinned_run_id, updated_at=now())
    )


def _newest_usable(connection: Connection, environment_id: int) -> Any:
    return connection.execute(
        select(runs.c.id, runs.c.finished_at)
        .where(runs.c.environment_id == environment_id, runs.c.is_usable)
        .order_by(desc(runs.c.finished_at), desc(runs.c.id))
        .limit(1)
    ).one_or_none()


def _is_usable(connection: Connection, environment_id: int, run_id: int) -> bool:
    found = connection.execute(
        select(runs.c.id).where(
            runs.c.id == run_id,
            runs.c.environment_id == environment_id,
            runs.c.is_usable,
        )
    ).one_or_none()
    return found is not None
