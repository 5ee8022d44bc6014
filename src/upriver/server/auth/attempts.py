"""Failed sign-ins of the last minute, counted in the database: for all server processes together (S-23).

The audit log has them anyhow. Attempts for one person, and those from one address, follow each
other, so that many at once are counted like many in a row.
"""

from __future__ import annotations

import datetime
import hashlib
import math
from typing import Final

from sqlalchemy import Connection, case, func, or_, select, text

from upriver.server.db.tables import audit_events
from upriver.server.moments import now
from upriver.server.refusals import TOO_MANY, Refused

FAILED: Final = "login.password.failed"
_WINDOW: Final = datetime.timedelta(minutes=1)
_SKEW: Final = datetime.timedelta(seconds=10)
"""Another process's clock may be ahead so far; what is later was written before a clock was set."""


def check_attempts(connection: Connection, email: str, address: str, most: int) -> None:
    """Refuse when as many have failed; call it in the transaction that writes how this one ends."""
    _in_turn(connection, (f"as:{email.lower()}", f"from:{address}"))
    moment = now()
    is_here = audit_events.c.address == address
    is_them = func.lower(audit_events.c.actor_name) == email.lower()
    from_here, as_them, oldest = connection.execute(
        select(
            func.sum(case((is_here, 1), else_=0)),
            func.sum(case((is_them, 1), else_=0)),
            func.min(audit_events.c.at),
        ).where(
            audit_events.c.event == FAILED,
            audit_events.c.at > moment - _WINDOW,
            audit_events.c.at <= moment + _SKEW,
            or_(is_here, is_them),
        )
    ).one()
    if max(from_here or 0, as_them or 0) >= most:
        raise too_many((oldest + _WINDOW - moment).total_seconds())


def too_many(seconds: float) -> Refused:
    """Say when there may be another attempt."""
    after = {"Retry-After": str(max(1, math.ceil(seconds)))}
    return Refused(TOO_MANY, "Too many attempts; wait a minute.", headers=after)


def _in_turn(connection: Connection, names: tuple[str, ...]) -> None:
    """Wait for others of the same names; on SQLite the write lock is held already."""
    if connection.dialect.name != "postgresql":
        return
    numbers = sorted(
        int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], signed=True)
        for name in names
    )
    for number in numbers:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
