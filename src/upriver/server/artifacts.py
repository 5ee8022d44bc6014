"""Artifacts of runs: rows that name objects, added once and never changed (ART-05)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, desc, func, insert, select

from upriver.server.db.tables import artifacts, runs
from upriver.server.moments import now


class StoredArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact whose object is in the store already; sizes and digest are of the plain bytes."""

    step: int
    name: str
    object_key: str
    sha256: str
    size: int
    stored_size: int


def add_artifacts(
    connection: Connection, account_id: int, run_id: int, stored: Iterable[StoredArtifact]
) -> None:
    """Add the rows of a run's artifacts."""
    moment = now()
    rows = [
        {
            "account_id": account_id,
            "run_id": run_id,
            "created_at": moment,
            **msgspec.structs.asdict(each),
        }
        for each in stored
    ]
    if rows:
        connection.execute(insert(artifacts), rows)


def artifact_of_run(
    connection: Connection, run_id: int, name: str, step: int | None = None
) -> Row[Any] | None:
    """Return an artifact of a step, or without one of the last step that has it (ART-02)."""
    query = select(artifacts).where(artifacts.c.run_id == run_id, artifacts.c.name == name)
    if step is not None:
        query = query.where(artifacts.c.step == step)
    return connection.execute(query.order_by(desc(artifacts.c.step)).limit(1)).one_or_none()


def names_of_run(connection: Connection, run_id: int, step: int | None = None) -> list[str]:
    """Return the names of a step's artifacts, or without one of the last step that has any."""
    query = select(artifacts.c.name, artifacts.c.step).where(artifacts.c.run_id == run_id)
    found = connection.execute(query).all()
    if not found:
        return []
    wanted = max(row.step for row in found) if step is None else step
    return sorted(row.name for row in found if row.step == wanted)


def newest_artifact(connection: Connection, environment_id: int, name: str) -> Row[Any] | None:
    """Return the artifact of the newest successful deploy run of an environment that has it."""
    return connection.execute(
        select(artifacts)
        .join(runs, runs.c.id == artifacts.c.run_id)
        .where(
            runs.c.environment_id == environment_id,
            runs.c.status == 10,  # noqa: PLR2004 - success
            runs.c.is_ci.is_(False),
            runs.c.is_redirected.is_(False),
            artifacts.c.name == name,
        )
        .order_by(desc(runs.c.finished_at), desc(runs.c.id), desc(artifacts.c.step))
        .limit(1)
    ).one_or_none()


def stored_bytes(connection: Connection, account_id: int) -> int:
    """Return how much an account's artifacts take up (S-10)."""
    total = connection.execute(
        select(func.coalesce(func.sum(artifacts.c.stored_size), 0)).where(
            artifacts.c.account_id == account_id
        )
    ).scalar_one()
    return int(total)
