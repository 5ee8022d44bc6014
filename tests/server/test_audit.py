"""The audit log: what changes anything is written down, once, and without secrets (S-26)."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from tests.server.conftest import Project
from tests.server_process import Served, manifest, run_results

from upriver.server.db.session import Database
from upriver.server.db.tables import audit_events


def _events(served: Served, after: int) -> list[tuple[str, bool, str]]:
    if not (served.data / "server.db").exists():
        pytest.skip("asked once, of SQLite")
    database = Database(f"sqlite:///{served.data / 'server.db'}")
    with database.reading() as connection:
        found = connection.execute(
            select(audit_events).where(audit_events.c.id > after).order_by(audit_events.c.id)
        ).all()
    database.close()
    assert served.token not in str(found)
    return [(row.event, row.is_success, row.actor_name) for row in found]


def test_changes_are_written_down(served: Served, project: Project) -> None:
    before = len(_events(served, 0))
    project.post("environments", {"name": "S", "deployment_type": "staging"})
    project.upload(manifest=manifest("a"), run_results=run_results("a"))
    project.upload(manifest=b"nothing")
    project.post(f"environments/{project.production}/pin", {"run_id": None})
    project.get("state")
    assert _events(served, before) == [
        ("environment.added", True, "first"),
        ("run.uploaded", True, "first"),
        ("run.uploaded", False, "first"),
        ("environment.state_unpinned", True, "first"),
    ]
