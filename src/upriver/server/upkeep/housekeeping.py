"""Housekeeping: uploads nobody ended, and artifacts of runs long past, are forgotten (S-10, ART-06).

What an environment is known by, or is held at, is never forgotten, and neither are runs themselves:
only their files. Rows go first, in one transaction; objects follow, so that what dies in between
leaves objects nobody knows, never a row without its object.
"""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from upriver.server.db.alone import Alone
from upriver.server.db.tables import artifacts, environments, runs
from upriver.server.ingest.uploads import drop_expired
from upriver.server.installation import Installation
from upriver.server.moments import now
from upriver.server.upkeep.sweep import Swept, sweep

_EVERY_SECONDS = 3600.0
_LOCK = 0x7570_7268
"""Number of the advisory lock on PostgreSQL under which one of several servers keeps house."""
_AT_ONCE = 500
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger("upriver.server.upkeep.housekeeping")


def forget_old_artifacts(installation: Installation) -> int:
    """Forget files of runs that ended before the days of the setting; return of how many runs."""
    days = installation.settings.limits.retention_days
    before = now() - datetime.timedelta(days=days)
    with installation.database.writing() as connection:
        old = _old_runs(connection, before)
        keys = list(
            connection.scalars(select(artifacts.c.object_key).where(artifacts.c.run_id.in_(old)))
        )
        indexes = connection.scalars(select(runs.c.index_key).where(runs.c.id.in_(old)))
        keys += [key for key in indexes if key is not None]
        connection.execute(delete(artifacts).where(artifacts.c.run_id.in_(old)))
        connection.execute(
            update(runs)
            .where(runs.c.id.in_(old))
            .values(
                is_usable=False,
                index_key=None,
                unusable_reason="its artifacts were too old to keep",
            )
        )
    for key in keys:
        installation.store.delete(key)
    return len(old)


def _old_runs(connection: Connection, before: datetime.datetime) -> list[int]:
    """Return some runs that ended long ago, have files, and are no environment's state."""
    kept = select(environments.c.id).where(
        or_(
            environments.c.current_state_run_id == runs.c.id,
            environments.c.pinned_run_id == runs.c.id,
        )
    )
    has_files = select(artifacts.c.id).where(artifacts.c.run_id == runs.c.id)
    query = (
        select(runs.c.id)
        .where(runs.c.finished_at < before, has_files.exists(), ~kept.exists())
        .order_by(runs.c.id)
        .limit(_AT_ONCE)
    )
    return list(connection.scalars(query))


def clean_up(installation: Installation) -> Swept:
    """Forget everything whose time is over, and delete objects that nothing names."""
    drop_expired(installation)
    while forget_old_artifacts(installation) == _AT_ONCE:
        pass
    return sweep(installation)


@contextmanager
def keeping_house(installation: Installation) -> Iterator[None]:
    """Do so now and every hour, beside whatever else goes on; of several servers, one does."""
    is_over = threading.Event()

    def keep() -> None:
        alone = Alone(installation.database, "housekeeping", _LOCK)
        while True:
            try:
                if alone.is_mine():
                    clean_up(installation)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("housekeeping failed, and is tried again: %s", error)
            if is_over.wait(_EVERY_SECONDS):
                alone.end()
                return

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(_PATIENCE_SECONDS)
