"""Sessions of people: an opaque word in a cookie, known here by its digest only (S-03).

A session is new at every sign-in, ends when it is idle or old, and at once when its user signs out,
changes the password or is shut out.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import OperationalError

from upriver.server.auth.passwords import hash_password, is_outdated, is_right
from upriver.server.auth.principals import Principal, grants_of
from upriver.server.db.session import Database
from upriver.server.db.tables import grants, sessions, users
from upriver.server.moments import now

IDLE = datetime.timedelta(hours=12)
OLDEST = datetime.timedelta(days=7)
_SEEN_EVERY = datetime.timedelta(minutes=1)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, and the word that forms of this session carry (S-17)."""

    id: int
    principal: Principal
    forgery_word: str


def sign_in(connection: Connection, email: str, password: str) -> Any:
    """Return the user whose password this is; None takes as long to say as anything else."""
    row = connection.execute(
        select(users.c.id, users.c.account_id, users.c.name, users.c.password_hash).where(
            users.c.email == email, users.c.is_active
        )
    ).one_or_none()
    stored = None if row is None else row.password_hash
    if not is_right(stored, password) or row is None:
        return None
    changes: dict[str, Any] = {"last_login_at": now()}
    if stored is not None and is_outdated(stored):
        changes["password_hash"] = hash_password(password)
    connection.execute(update(users).where(users.c.id == row.id).values(**changes))
    return row


def open_session(connection: Connection, user: Any, address: str) -> str:
    """Begin a session and return its secret, which is not kept."""
    secret = secrets.token_urlsafe(32)
    moment = now()
    connection.execute(delete(sessions).where(sessions.c.expires_at < moment))
    connection.execute(
        insert(sessions).values(
            account_id=user.account_id, user_id=user.id, secret_sha256=_digest(secret),
            forgery_secret=secrets.token_hex(16), address=address[:64], created_at=moment,
            last_seen_at=moment, expires_at=moment + OLDEST,
        )
    )  # fmt: skip
    return secret


def session_of(database: Database, secret: str) -> Session | None:
    """Return the session of a cookie, with what its user may do at this moment."""
    moment = now()
    with database.reading() as connection:
        row = connection.execute(
            select(sessions, users.c.name, users.c.is_active)
            .join(users, users.c.id == sessions.c.user_id)
            .where(sessions.c.secret_sha256 == _digest(secret))
        ).one_or_none()
        if row is None or not row.is_active or row.expires_at <= moment:
            return None
        if moment - row.last_seen_at > IDLE:
            return None
        given = connection.execute(
            select(grants.c.permission_set, grants.c.project_id).where(
                grants.c.user_id == row.user_id
            )
        ).all()
    if moment - row.last_seen_at > _SEEN_EVERY:
        # Whoever only looks is answered on a full disk as well.
        with suppress(OperationalError), database.writing() as connection:
            connection.execute(
                update(sessions).where(sessions.c.id == row.id).values(last_seen_at=moment)
            )
    principal = Principal(
        account_id=row.account_id, kind="user", id=row.user_id, user_id=row.user_id,
        name=row.name, grants=grants_of((name, project) for name, project in given),
    )  # fmt: skip
    return Session(id=row.id, principal=principal, forgery_word=row.forgery_secret)


def is_genuine(session: Session, word: str) -> bool:
    """Whether a form came from a page of this session."""
    return hmac.compare_digest(session.forgery_word.encode(), word.encode("utf-8", "replace"))


def close_session(connection: Connection, session_id: int) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.id == session_id))


def close_sessions_of(connection: Connection, user_id: int, *, but: int | None = None) -> None:
    """End a user's sessions, all or all but one."""
    mine = delete(sessions).where(sessions.c.user_id == user_id)
    connection.execute(mine if but is None else mine.where(sessions.c.id != but))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
