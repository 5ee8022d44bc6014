"""The build ledger: per environment and node the last successful build, merged across runs.

A manifest says what the code of one run declares. The ledger says what is there: a job that builds
three models changes three rows, and the others keep saying when, by which run and from what they
were built.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from upriver.server.db.tables import builds, environments

_ROWS_AT_ONCE = 2000


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One node, built."""

    unique_id: str
    relation: str | None
    fingerprint: str | None
    built_at: datetime.datetime
    git_sha: str | None


def merge(
    connection: Connection, environment_id: int, run_id: int, built: Iterable[Build]
) -> None:
    """Note builds that are newer than what is noted, and count up the ledger's revision."""
    rows = [
        {
            "environment_id": environment_id,
            "run_id": run_id,
            "unique_id": each.unique_id,
            "relation": each.relation,
            "fingerprint": each.fingerprint,
            "built_at": each.built_at,
            "git_sha": each.git_sha,
        }
        for each in built
    ]
    if not rows:
        return
    # Whoever merges into one environment waits for whoever does so already: the lock is the row.
    connection.execute(
        update(environments)
        .where(environments.c.id == environment_id)
        .values(ledger_revision=environments.c.ledger_revision + 1)
    )
    statement = _upsert(connection)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        connection.execute(statement, rows[start : start + _ROWS_AT_ONCE])
    count = select(func.count()).where(builds.c.environment_id == environment_id)
    connection.execute(
        update(environments)
        .where(environments.c.id == environment_id)
        .values(ledger_nodes=count.scalar_subquery())
    )


def _upsert(connection: Connection) -> Any:
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = kind.insert(builds)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[builds.c.environment_id, builds.c.unique_id],
        set_={
            name: new[name]
            for name in ("relation", "fingerprint", "built_at", "run_id", "git_sha")
        },
        where=builds.c.built_at <= new.built_at,
    )


def builds_of(
    connection: Connection, environment_id: int, unique_ids: Iterable[str] | None
) -> list[Row[Any]]:
    """Return the ledger's rows of some nodes, or of all."""
    query = select(builds).where(builds.c.environment_id == environment_id)
    if unique_ids is not None:
        query = query.where(builds.c.unique_id.in_(list(unique_ids)))
    return list(connection.execute(query))
