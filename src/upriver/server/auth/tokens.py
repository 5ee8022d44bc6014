"""Tokens: a typed prefix, a public part to find them by, and 256 random bits (S-01, TOK-01..04).

What is stored cannot be used: only the SHA-256 of the whole text is kept. A secret of full entropy
needs no slow hash.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
from typing import Literal

import msgspec
from sqlalchemy import Connection, insert, select, update

from upriver.server.auth.permissions import PERMISSION_SETS
from upriver.server.auth.principals import Principal, grants_of
from upriver.server.db.session import Database
from upriver.server.db.tables import grants, tokens, users
from upriver.server.moments import now, spell_moment
from upriver.server.refusals import UNPROCESSABLE, Refused

TokenKind = Literal["user", "service"]
PREFIXES: dict[TokenKind, str] = {"user": "dbtu_", "service": "dbtc_"}
_PREFIX_LENGTH = 5
_PUBLIC_LENGTH = 12


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token at the only moment at which its text is known."""

    id: int
    text: str


class TokenWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is to be."""

    name: str
    kind: TokenKind = "user"
    user_id: int | None = None
    """Whose it is; service tokens are nobody's."""
    permission_sets: tuple[str, ...] = ()
    """Of a service token; a personal one may what its user may."""
    project_id: int | None = None
    expires_at: datetime.datetime | None = None


def create_token(
    connection: Connection, account_id: int, wish: TokenWish, *, created_by: int | None = None
) -> NewToken:
    """Store a new token and return its text, which is never known again."""
    unknown = [name for name in wish.permission_sets if name not in PERMISSION_SETS]
    if unknown:
        raise Refused(UNPROCESSABLE, f"There is no permission set `{unknown[0]}`.")
    public = secrets.token_hex(_PUBLIC_LENGTH // 2)
    text = f"{PREFIXES[wish.kind]}{public}{secrets.token_urlsafe(32)}"
    row = connection.execute(
        insert(tokens).values(
            account_id=account_id,
            user_id=wish.user_id,
            kind=wish.kind,
            name=wish.name,
            public_id=public,
            secret_sha256=_hash(text),
            created_by=created_by,
            created_at=now(),
            expires_at=wish.expires_at,
        )
    ).inserted_primary_key
    assert row is not None  # noqa: S101 - single inserts have one
    for name in wish.permission_sets:
        connection.execute(
            insert(grants).values(
                account_id=account_id,
                token_id=row[0],
                project_id=wish.project_id,
                permission_set=name,
            )
        )
    return NewToken(id=row[0], text=text)


def revoke_token(connection: Connection, account_id: int, token_id: int) -> bool:
    """End a token; whether there was one."""
    done = connection.execute(
        update(tokens)
        .where(tokens.c.account_id == account_id, tokens.c.id == token_id)
        .where(tokens.c.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    return bool(done.rowcount)


def principal_of_token(database: Database, text: str) -> Principal | None:
    """Return who holds the token; None when it is unknown, revoked, expired, or its user gone."""
    public = text[_PREFIX_LENGTH : _PREFIX_LENGTH + _PUBLIC_LENGTH]
    if text[:_PREFIX_LENGTH] not in PREFIXES.values() or len(public) != _PUBLIC_LENGTH:
        return None
    with database.reading() as connection:
        row = connection.execute(
            select(tokens, users.c.is_active)
            .outerjoin(users, users.c.id == tokens.c.user_id)
            .where(tokens.c.public_id == public)
        ).one_or_none()
        if row is None or not hmac.compare_digest(row.secret_sha256, _hash(text)):
            return None
        is_over = row.expires_at is not None and row.expires_at <= now()
        if row.revoked_at is not None or is_over or row.is_active is False:
            return None
        held = grants.c.token_id == row.id
        if row.kind == "user":
            held = grants.c.user_id == row.user_id
        given = connection.execute(
            select(grants.c.permission_set, grants.c.project_id).where(held)
        ).all()
    return Principal(
        account_id=row.account_id,
        kind="token",
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        grants=grants_of((name, project) for name, project in given),
        token_kind=row.kind,
        token_expires_at=spell_moment(row.expires_at),
    )


def note_use(database: Database, token_id: int) -> None:
    """Write down that the token was used; callers do so once a minute, not at every request."""
    with database.writing() as connection:
        connection.execute(
            update(tokens).where(tokens.c.id == token_id).values(last_used_at=now())
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
