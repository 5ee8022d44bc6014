"""People of an account: added, given a permission set, shut out, let in again."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from upriver.server.audit import Actor, record
from upriver.server.auth.passwords import hash_password, is_right
from upriver.server.auth.permissions import PERMISSION_SETS
from upriver.server.auth.sessions import close_sessions_of
from upriver.server.db.tables import grants, users
from upriver.server.environments import check_name
from upriver.server.moments import now
from upriver.server.refusals import CONFLICT, UNPROCESSABLE, Refused, not_found

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,180}")


def add_person(
    connection: Connection, actor: Actor, email: str, name: str, given: tuple[str, str]
) -> int:
    """Add a person; `given` is the first password and the permission set."""
    password, permission_set = given
    check_name(name)
    if not _EMAIL.fullmatch(email):
        raise Refused(UNPROCESSABLE, "This is not an e-mail address.")
    _check_set(permission_set)
    try:
        with connection.begin_nested():
            row = connection.execute(
                insert(users).values(
                    account_id=actor.account_id, email=email, name=name, created_at=now(),
                    password_hash=hash_password(password),
                )
            ).inserted_primary_key  # fmt: skip
    except IntegrityError as error:
        raise Refused(CONFLICT, "There is somebody of this address already.") from error
    assert row is not None  # noqa: S101 - single inserts have one
    _grant(connection, actor.account_id, row[0], permission_set)
    detail = {"email": email, "permission_set": permission_set}
    record(connection, actor, "user.added", on=("user", row[0]), detail=detail)
    return int(row[0])


def change_person(
    connection: Connection, actor: Actor, user_id: int, *, permission_set: str, is_active: bool
) -> None:
    """Give another permission set, shut out or let in; nobody does so to themselves."""
    row = _person(connection, actor.account_id, user_id)
    if actor.kind == "user" and actor.id == user_id:
        raise Refused(UNPROCESSABLE, "Somebody else has to change what you may do.")
    _check_set(permission_set)
    connection.execute(delete(grants).where(grants.c.user_id == user_id))
    _grant(connection, actor.account_id, user_id, permission_set)
    connection.execute(update(users).where(users.c.id == user_id).values(is_active=is_active))
    if not is_active:
        close_sessions_of(connection, user_id)
    detail = {
        "permission_set": permission_set,
        "is_active": {"before": row.is_active, "after": is_active},
    }
    record(connection, actor, "user.changed", on=("user", user_id), detail=detail)


def change_password(
    connection: Connection, actor: Actor, user_id: int, words: tuple[str, str], session_id: int
) -> None:
    """Set a person's own password, given the present one; all other sessions end."""
    present, new = words
    row = _person(connection, actor.account_id, user_id)
    if not is_right(row.password_hash, present):
        raise Refused(UNPROCESSABLE, "The present password is another one.")
    connection.execute(
        update(users).where(users.c.id == user_id).values(password_hash=hash_password(new))
    )
    close_sessions_of(connection, user_id, but=session_id)
    record(connection, actor, "user.password_changed", on=("user", user_id))


def _person(connection: Connection, account_id: int, user_id: int) -> Row[Any]:
    row = connection.execute(
        select(users).where(users.c.account_id == account_id, users.c.id == user_id)
    ).one_or_none()
    if row is None:
        raise not_found("This person")
    return row


def _grant(connection: Connection, account_id: int, user_id: int, permission_set: str) -> None:
    connection.execute(
        insert(grants).values(
            account_id=account_id, user_id=user_id, permission_set=permission_set
        )
    )


def _check_set(permission_set: str) -> None:
    if permission_set not in PERMISSION_SETS:
        raise Refused(UNPROCESSABLE, f"There is no permission set `{permission_set}`.")
