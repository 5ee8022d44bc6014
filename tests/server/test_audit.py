"""The audit log: what changes anything is written down, once, and without secrets (S-26)."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from tests.server.auth import test_permissions
from tests.server.conftest import Project
from tests.server_process import Served, manifest, run_results

from upriver.server.db.session import Database
from upriver.server.db.tables import audit_events

objects = test_permissions.objects


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


def test_every_route_that_changes_something_writes_it_down(
    served: Served, objects: test_permissions.Objects
) -> None:
    silent = []
    changing = sorted(
        ((method, path) for method, path in test_permissions.NEEDS if method != "GET"),
        key=lambda each: each[0] == "DELETE",
    )
    for method, path in changing:
        before = len(_events(served, 0))
        status = objects.call(objects.project.api, method, path).status_code
        if status < 400 and len(_events(served, 0)) == before:
            silent.append((method, path))
    # Announcing an upload changes nothing that anybody sees; its end is written down.
    announcing = "/api/private/accounts/{account_id}/environments/{environment_id}/ingests"
    assert silent == [("POST", announcing)]
