"""The first start: one account, one administrator, and words that are shown once (S-31)."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Insert, func, insert, select, text

from upriver.server.audit import record, server_actor
from upriver.server.auth.passwords import hash_password, make_password
from upriver.server.auth.tokens import TokenWish, create_token
from upriver.server.db.session import Database
from upriver.server.db.tables import accounts, environments, grants, projects, users
from upriver.server.environments import create_project
from upriver.server.moments import now

ADMINISTRATOR = "admin"
_LOCK = 0x7570_7273


class FirstWords(msgspec.Struct, frozen=True, kw_only=True):
    """What the first start makes up, known only now."""

    user: str
    password: str
    token: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A project that was asked for, with the ids clients need."""

    account_id: int
    project_id: int
    environments: tuple[tuple[int, str], ...]


def begin(database: Database) -> FirstWords | None:
    """Make account and administrator, unless there are some; None when there were."""
    with database.writing() as connection:
        _alone(connection)
        if connection.execute(select(func.count()).select_from(accounts)).scalar_one():
            return None
        moment = now()
        account_id = _inserted(connection, insert(accounts).values(name="Main", created_at=moment))
        password = make_password()
        user_id = _inserted(
            connection,
            insert(users).values(
                account_id=account_id,
                email=ADMINISTRATOR,
                name="Administrator",
                password_hash=hash_password(password),
                created_at=moment,
            ),
        )
        connection.execute(
            insert(grants).values(
                account_id=account_id, user_id=user_id, permission_set="account_admin"
            )
        )
        token = create_token(connection, account_id, TokenWish(name="first", user_id=user_id))
        record(connection, server_actor(account_id), "user.added", on=("user", user_id))
    return FirstWords(user=ADMINISTRATOR, password=password, token=token.text)


def ensure_project(database: Database, name: str) -> Ready:
    """Make a project of this name in the first account, unless there is one."""
    with database.writing() as connection:
        _alone(connection)
        account_id = connection.execute(select(func.min(accounts.c.id))).scalar_one()
        project_id = connection.execute(
            select(projects.c.id).where(
                projects.c.account_id == account_id, projects.c.name == name
            )
        ).scalar()
        if project_id is None:
            project_id = create_project(connection, server_actor(account_id), name)
        found = connection.execute(
            select(environments.c.id, environments.c.name)
            .where(environments.c.project_id == project_id)
            .order_by(environments.c.id)
        )
        named = tuple((row.id, row.name) for row in found)
    return Ready(account_id=account_id, project_id=project_id, environments=named)


def _alone(connection: Connection) -> None:
    """Of several servers that start at once, one makes what is missing."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _inserted(connection: Connection, statement: Insert) -> int:
    key = connection.execute(statement).inserted_primary_key
    assert key is not None  # noqa: S101 - single inserts have one
    return int(key[0])
