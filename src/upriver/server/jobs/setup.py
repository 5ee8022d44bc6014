"""What runs need, as it is written: connections, repositories, variables. All of it is sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from upriver.server.audit import Actor, record
from upriver.server.db.job_tables import connections, repositories, variables
from upriver.server.db.tables import projects
from upriver.server.jobs.variables import LEVELS, is_secret, name_problem
from upriver.server.moments import now
from upriver.server.refusals import UNPROCESSABLE, Refused
from upriver.server.sealing import Sealer

MASKED: Final = "********"
_LONGEST_VALUE: Final = 32_768
_SECRET_WORDS: Final = ("pass", "token", "secret", "key", "private")


class ConnectionBody(msgspec.Struct, frozen=True, kw_only=True):
    """How an environment's runs reach their warehouse."""

    profile: str
    """The `profile` of the project file."""
    output: dict[str, Any]
    """What a target of `profiles.yml` holds."""
    target: str = "prod"
    name: str = "Warehouse"


class RepositoryBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where a project's files are."""

    url: str
    subdirectory: str | None = None
    username: str | None = None
    password: str | None = None
    """A password or token; None: none is needed, or it stays as it is."""


def set_connection(
    connection: Connection,
    actor: Actor,
    sealer: Sealer,
    environment: Row[Any],
    body: ConnectionBody,
) -> None:
    """Write the connection of an environment."""
    if not isinstance(body.output.get("type"), str):
        raise Refused(UNPROCESSABLE, "`output` has no `type`, such as `duckdb` or `postgres`.")
    _put(
        connection, connections, {"environment_id": environment.id},
        {
            "account_id": environment.account_id, "name": body.name[:255],
            "profile": body.profile[:255], "target": body.target[:255],
            "sealed": sealer.seal(json.dumps(body.output)), "updated_at": now(),
        },
    )  # fmt: skip
    detail = {"type": body.output["type"]}
    record(
        connection, actor, "connection.changed", on=("environment", environment.id), detail=detail
    )


def shown_connection(
    connection: Connection, sealer: Sealer, environment_id: int
) -> Mapping[str, Any] | None:
    """Return a connection with its secrets masked."""
    row = connection.execute(
        select(connections).where(connections.c.environment_id == environment_id)
    ).one_or_none()
    if row is None:
        return None
    output = json.loads(sealer.open(row.sealed))
    shown = {
        key: MASKED if any(word in key.lower() for word in _SECRET_WORDS) else value
        for key, value in output.items()
    }
    return {"name": row.name, "profile": row.profile, "target": row.target, "output": shown}


def set_repository(
    connection: Connection, actor: Actor, sealer: Sealer, project: Row[Any], body: RepositoryBody
) -> None:
    """Write where a project's files are, and what git needs to get them."""
    connection.execute(
        update(projects)
        .where(projects.c.id == project.id)
        .values(repository_url=body.url, subdirectory=body.subdirectory, updated_at=now())
    )
    if body.password is not None:
        _put(
            connection, repositories, {"project_id": project.id},
            {
                "account_id": project.account_id, "username": body.username,
                "sealed": sealer.seal(body.password), "updated_at": now(),
            },
        )  # fmt: skip
    elif body.url != project.repository_url:
        # A password never follows an address that somebody changed.
        connection.execute(delete(repositories).where(repositories.c.project_id == project.id))
    record(connection, actor, "repository.changed", on=("project", project.id))


def set_variable(
    connection: Connection,
    actor: Actor,
    sealer: Sealer,
    scope: tuple[int, int, str, int],
    name: str,
    value: str | None,
) -> None:
    """Write a variable of a scope (account, project, level, id); None takes it away."""
    account_id, project_id, level, scope_id = scope
    problem = name_problem(name)
    if problem is not None:
        raise Refused(UNPROCESSABLE, f"{problem.message}.")
    if level not in LEVELS:
        raise Refused(UNPROCESSABLE, f"`{level}` is none of {', '.join(LEVELS)}.")
    keys = {"level": level, "scope_id": scope_id, "name": name}
    if value is None:
        connection.execute(
            delete(variables).where(*(variables.c[key] == word for key, word in keys.items()))
        )
        event = "environment_variable.removed"
    else:
        if len(value) > _LONGEST_VALUE or "\0" in value:
            raise Refused(UNPROCESSABLE, "The value is too long, or no text.")
        moment = now()
        _put(
            connection, variables, keys,
            {"account_id": account_id, "project_id": project_id, "sealed": sealer.seal(value),
             "updated_at": moment},
            only_new={"created_at": moment},
        )  # fmt: skip
        event = "environment_variable.changed"
    detail = {"name": name, "level": level, "scope_id": scope_id}
    record(connection, actor, event, on=("project", project_id), detail=detail)


def shown_variables(
    connection: Connection, sealer: Sealer, project_id: int
) -> list[Mapping[str, Any]]:
    """Return a project's variables, those that are secret without their values."""
    rows = connection.execute(
        select(variables)
        .where(variables.c.project_id == project_id)
        .order_by(variables.c.name, variables.c.level, variables.c.scope_id)
    )
    return [
        {
            "id": row.id,
            "name": row.name,
            "level": row.level,
            "scope_id": row.scope_id,
            "value": MASKED if is_secret(row.name) else sealer.open(row.sealed),
        }
        for row in rows
    ]


def _put(
    connection: Connection,
    table: Any,
    keys: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    only_new: Mapping[str, Any] | None = None,
) -> None:
    """Add a row, or change the one that is there."""
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = kind.insert(table).values(**keys, **values, **(only_new or {}))
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c[key] for key in keys], set_=dict(values)
        )
    )
