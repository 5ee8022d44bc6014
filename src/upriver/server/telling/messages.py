"""The outbox of statuses and notifications: written with what they tell of, sent afterwards.

Like the deliveries of webhooks, messages are sent at least once by whoever comes to them first.
Those of one run and receiver go out in their order: a commit that failed never becomes pending
again because an earlier message was late.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, and_, exists, select, update

from upriver.server.db.outgoing_tables import messages

TRIES: Final = 5
_WAITS: Final = (0, 10, 60, 300, 1_800)
"""Seconds before each try."""
_CLAIM_SECONDS: Final = 60
"""How long a message is left to whoever took it."""
_OVERTAKEN: Final = "Overtaken by a later one"


def add(
    connection: Connection,
    run: Any,
    kind: str,
    content: Mapping[str, Any],
    now: datetime.datetime,
    *,
    notification_id: int | None = None,
) -> None:
    """Write a message about a run; earlier ones to the same receiver that nobody took are moot."""
    connection.execute(
        update(messages)
        .where(
            messages.c.run_id == run.id, messages.c.kind == kind, messages.c.tries == 0,
            messages.c.notification_id.is_not_distinct_from(notification_id),
            messages.c.due_at.is_not(None),
        )
        .values(due_at=None, problem=_OVERTAKEN)
    )  # fmt: skip
    connection.execute(
        messages.insert().values(
            account_id=run.account_id, run_id=run.id, kind=kind, content=dict(content), tries=0,
            notification_id=notification_id, due_at=now, created_at=now,
        )
    )  # fmt: skip


def take_due(connection: Connection, now: datetime.datetime) -> Any | None:
    """Take the message that has waited longest, so that nobody else sends it meanwhile."""
    earlier = messages.alias()
    waits = exists().where(
        earlier.c.run_id == messages.c.run_id,
        earlier.c.kind == messages.c.kind,
        earlier.c.notification_id.is_not_distinct_from(messages.c.notification_id),
        earlier.c.id < messages.c.id,
        earlier.c.due_at.is_not(None),
    )
    found = connection.execute(
        select(messages)
        .where(messages.c.due_at <= now, ~waits)
        .order_by(messages.c.due_at, messages.c.id)
        .limit(1)
    ).first()
    if found is None:
        return None
    moved = connection.execute(
        update(messages)
        .where(messages.c.id == found.id, messages.c.due_at == found.due_at)
        .values(
            tries=messages.c.tries + 1, due_at=now + datetime.timedelta(seconds=_CLAIM_SECONDS)
        )
    )
    return found if moved.rowcount == 1 else None


def record(
    connection: Connection, message: Any, now: datetime.datetime, problem: str | None
) -> None:
    """Write how a try ended, and when the next one is; none where a later message waits."""
    tries = message.tries + 1
    later = connection.scalar(
        select(messages.c.id)
        .where(
            messages.c.run_id == message.run_id, messages.c.kind == message.kind,
            messages.c.notification_id.is_not_distinct_from(message.notification_id),
            messages.c.id > message.id,
        )
        .limit(1)
    )  # fmt: skip
    is_last = problem is None or tries >= TRIES or later is not None
    wait = datetime.timedelta(seconds=_WAITS[min(tries, TRIES - 1)])
    connection.execute(
        update(messages)
        .where(messages.c.id == message.id)
        .values(
            problem=problem, due_at=None if is_last else now + wait,
            delivered_at=now if problem is None else None,
        )
    )  # fmt: skip


def forget_old(connection: Connection, now: datetime.datetime, days: int = 30) -> None:
    """Drop messages that are done and older than they are kept."""
    connection.execute(
        messages.delete().where(
            and_(
                messages.c.created_at < now - datetime.timedelta(days=days),
                messages.c.due_at.is_(None),
            )
        )
    )
