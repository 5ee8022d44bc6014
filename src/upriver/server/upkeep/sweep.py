"""Objects that no row names: what dies between an object and its row leaves them (R-04, S-10).

An object is older than its row, by at most what an upload or a run takes. So nothing is touched that
was written within the grace period, nor since the oldest run that still goes on has begun: its rows
are written at its end. What nobody seems to know is asked for once more before it goes.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select, union

from upriver.server.db.tables import artifacts, ingest_parts, runs
from upriver.server.installation import Installation
from upriver.server.jobs.queue import TAKEN
from upriver.server.moments import now

NAMES: Final = (artifacts.c.object_key, runs.c.index_key, ingest_parts.c.object_key)
"""Every column that names an object."""
_AT_ONCE: Final = 500
_ROWS: Final = 10_000
_SKEW: Final = datetime.timedelta(minutes=5)
"""The store's clock may be another one than the worker's."""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects were old enough to be looked at, and how many of them nobody knew."""

    looked_at: int
    deleted: int


def sweep(installation: Installation, grace: datetime.timedelta | None = None) -> Swept:
    """Delete what no row names; any number may do so at once, beside everything else."""
    hours = max(1, installation.settings.limits.orphan_hours)
    grace = datetime.timedelta(hours=hours) if grace is None else grace
    with installation.database.reading() as connection:
        before = _before(connection, grace)
        # Numbers instead of names take less memory; if two names have one, an orphan stays.
        known = {hash(key) for key in _all_names(connection)}
    looked_at = deleted = 0
    for keys in _batches(installation.store.old_keys(before)):
        looked_at += len(keys)
        strange = [key for key in keys if hash(key) not in known]
        if not strange:
            continue
        with installation.database.reading() as connection:
            orphans = {*strange} - _named(connection, strange)
        for key in orphans:
            installation.store.delete(key)
        deleted += len(orphans)
    return Swept(looked_at=looked_at, deleted=deleted)


def _before(connection: Connection, grace: datetime.timedelta) -> datetime.datetime:
    begun = connection.scalar(
        select(func.min(func.coalesce(runs.c.dequeued_at, runs.c.created_at))).where(
            runs.c.status.in_(TAKEN)
        )
    )
    latest = now() - grace
    return latest if begun is None else min(latest, begun - _SKEW)


def _all_names(connection: Connection) -> Iterator[str]:
    for column in NAMES:
        query = select(column).where(column.is_not(None)).execution_options(yield_per=_ROWS)
        yield from connection.scalars(query)


def _named(connection: Connection, keys: list[str]) -> set[str]:
    found = connection.scalars(union(*(select(name).where(name.in_(keys)) for name in NAMES)))
    return {*found}


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(itertools.islice(rest, _AT_ONCE)):
        yield batch
