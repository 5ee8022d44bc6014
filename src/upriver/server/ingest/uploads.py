"""Receiving an upload: announced, sent in one piece or in several, ended (platform.md 6.7).

Pieces are objects of the store, so that each request may reach another server process. What is
announced and not ended is forgotten after a day. Every step may be repeated: a client that did not
hear the answer asks again.
"""

from __future__ import annotations

import datetime
import secrets
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from upriver.server.auth.principals import Principal
from upriver.server.db.tables import ingest_parts, ingests
from upriver.server.installation import Installation
from upriver.server.moments import now
from upriver.server.refusals import CONFLICT, UNPROCESSABLE, Refused, not_found
from upriver.server.store.contract import Store, new_key

OPEN = "open"
WORKING = "working"
DONE = "done"
REFUSED = "refused"
ABANDONED = "abandoned"
_KEPT_OPEN = datetime.timedelta(days=1)
_CLAIM_HOLDS = datetime.timedelta(seconds=30)
RENEWED_EVERY = 5.0
"""Seconds after which whoever unpacks says that it still does."""
_MOST_PARTS = 2000


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that arrived, in a file of ours."""

    path: Path
    start: int
    size: int
    total: int | None
    """Of the whole upload, when known."""


def announce(
    connection: Connection, principal: Principal, environment: Row[Any], invocation: str | None
) -> int:
    """Begin an upload into an environment, and return its id."""
    moment = now()
    row = connection.execute(
        insert(ingests).values(
            account_id=principal.account_id,
            environment_id=environment.id,
            status=OPEN,
            invocation_id=(invocation or "")[:64] or None,
            actor=principal.name,
            created_at=moment,
            expires_at=moment + _KEPT_OPEN,
        )
    ).inserted_primary_key
    assert row is not None  # noqa: S101 - single inserts have one
    return int(row[0])


def ingest_by_id(connection: Connection, ingest_id: int) -> Row[Any]:
    """Return an upload; raises Refused when there is none any more."""
    row = connection.execute(select(ingests).where(ingests.c.id == ingest_id)).one_or_none()
    if row is None:
        raise not_found(f"Upload {ingest_id}")
    return row


def received(connection: Connection, ingest_id: int) -> int:
    """Return how many bytes are here, without a gap, from the first on."""
    rows = connection.execute(
        select(ingest_parts.c.start, ingest_parts.c.size)
        .where(ingest_parts.c.ingest_id == ingest_id)
        .order_by(ingest_parts.c.start)
    )
    end = 0
    for start, size in rows:
        if start != end:
            break
        end += size
    return end


def keep_piece(installation: Installation, ingest_id: int, piece: Piece) -> int:
    """Add a piece where the last one ended, and return what is here then.

    A piece from the start begins the upload anew; one that is here already changes nothing; one
    that leaves a gap is refused.
    """
    key = new_key("uploads")
    with installation.database.reading() as connection:
        status = ingest_by_id(connection, ingest_id).status
        here = received(connection, ingest_id)
    if status in (DONE, WORKING):
        return here
    if status != OPEN:
        raise Refused(CONFLICT, "This upload has ended.")
    if piece.start > 0 and piece.start + piece.size <= here:
        return here
    if piece.start not in (0, here):
        raise Refused(
            CONFLICT, f"{here} bytes are here, and the next piece begins at {piece.start}."
        )
    installation.store.put_file(key, piece.path)
    try:
        replaced = _note_piece(installation, ingest_id, piece, key)
    except BaseException:
        installation.store.delete(key)
        raise
    _forget(installation.store, replaced)
    return piece.start + piece.size


def _note_piece(installation: Installation, ingest_id: int, piece: Piece, key: str) -> list[str]:
    """Write the piece's row; return the keys of pieces it took the place of."""
    with installation.database.writing() as connection:
        row = connection.execute(
            select(ingests).where(ingests.c.id == ingest_id).with_for_update()
        ).one()
        if row.status != OPEN:
            raise Refused(CONFLICT, "This upload has ended.")
        replaced: list[str] = []
        if piece.start == 0:
            of_ingest = ingest_parts.c.ingest_id == ingest_id
            replaced = list(connection.scalars(select(ingest_parts.c.object_key).where(of_ingest)))
            connection.execute(delete(ingest_parts).where(of_ingest))
        elif received(connection, ingest_id) != piece.start:
            raise Refused(CONFLICT, "Another request has sent this piece.")
        elif len(keys_of(connection, ingest_id)) >= _MOST_PARTS:
            raise Refused(UNPROCESSABLE, f"An upload has at most {_MOST_PARTS} pieces.")
        connection.execute(
            insert(ingest_parts).values(
                ingest_id=ingest_id, start=piece.start, size=piece.size, object_key=key
            )
        )
        if piece.total is not None:
            connection.execute(
                update(ingests).where(ingests.c.id == ingest_id).values(total=piece.total)
            )
    return replaced


def keys_of(connection: Connection, ingest_id: int) -> list[str]:
    """Return the objects of an upload in their order."""
    query = select(ingest_parts.c.object_key).where(ingest_parts.c.ingest_id == ingest_id)
    return list(connection.scalars(query.order_by(ingest_parts.c.start)))


def claim(connection: Connection, ingest_id: int) -> str | None:
    """Take an upload to unpack it; None when somebody else does so, or did."""
    word = secrets.token_hex(16)
    moment = now()
    done = connection.execute(
        update(ingests)
        .where(ingests.c.id == ingest_id)
        .where(
            or_(
                ingests.c.status == OPEN,
                # Whoever had it is gone.
                (ingests.c.status == WORKING) & (ingests.c.claimed_at < moment - _CLAIM_HOLDS),
            )
        )
        .values(status=WORKING, claim=word, claimed_at=moment)
    )
    return word if done.rowcount == 1 else None


def renew(connection: Connection, ingest_id: int, word: str) -> None:
    """Say that the upload is still being unpacked."""
    connection.execute(
        update(ingests)
        .where(ingests.c.id == ingest_id, ingests.c.status == WORKING, ingests.c.claim == word)
        .values(claimed_at=now())
    )


def release(
    connection: Connection,
    ingest_id: int,
    word: str,
    status: str,
    *,
    run_id: int | None = None,
    problem: str | None = None,
) -> bool:
    """End what `claim` began; False when it was taken by somebody else meanwhile."""
    done = connection.execute(
        update(ingests)
        .where(ingests.c.id == ingest_id, ingests.c.status == WORKING, ingests.c.claim == word)
        .values(status=status, run_id=run_id, problem=problem, claim=None, finished_at=now())
    )
    return done.rowcount == 1


def abandon(installation: Installation, ingest_id: int) -> None:
    """End an upload that its client gave up."""
    with installation.database.writing() as connection:
        connection.execute(
            update(ingests)
            .where(ingests.c.id == ingest_id, ingests.c.status == OPEN)
            .values(status=ABANDONED, finished_at=now())
        )
    drop_pieces(installation, ingest_id)


def drop_pieces(installation: Installation, ingest_id: int) -> None:
    """Delete the pieces of an upload that has ended: what they held is kept elsewhere, or not."""
    with installation.database.writing() as connection:
        row = ingest_by_id(connection, ingest_id)
        if row.status in (OPEN, WORKING):
            return
        keys = keys_of(connection, ingest_id)
        connection.execute(delete(ingest_parts).where(ingest_parts.c.ingest_id == ingest_id))
    _forget(installation.store, keys)


def drop_expired(installation: Installation) -> None:
    """Forget uploads that were announced and never ended, and pieces of those that have."""
    moment = now()
    is_nobodys = or_(
        ingests.c.status == OPEN,
        (ingests.c.status == WORKING) & (ingests.c.claimed_at < moment - _CLAIM_HOLDS),
    )
    with installation.database.writing() as connection:
        connection.execute(
            update(ingests)
            .where(is_nobodys, ingests.c.expires_at < moment)
            .values(status=ABANDONED, claim=None, finished_at=moment)
        )
        over = connection.scalars(
            select(ingest_parts.c.ingest_id)
            .join(ingests, ingests.c.id == ingest_parts.c.ingest_id)
            .where(ingests.c.status.in_((DONE, REFUSED, ABANDONED)))
            .distinct()
        ).all()
    for ingest_id in over:
        drop_pieces(installation, ingest_id)


def _forget(store: Store, keys: list[str]) -> None:
    for key in keys:
        store.delete(key)
