"""How checks stand, told to the provider of their commits (CI-03)."""

from __future__ import annotations

import datetime
import re
from typing import Final

from sqlalchemy import Connection, select

from upriver.server.db.outgoing_tables import providers
from upriver.server.db.tables import jobs, runs
from upriver.server.runs import CLEANING, Status
from upriver.server.telling.messages import add

KIND: Final = "status"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}\Z")
_STATES: Final = {
    Status.QUEUED: "queued", Status.STARTING: "running", Status.RUNNING: "running",
    Status.SUCCESS: "success", Status.ERROR: "failure", Status.CANCELLED: "cancelled",
}  # fmt: skip
_WORDS: Final = {"queued": "Waits for its turn", "running": "Runs", "success": "Succeeded",
                 "failure": "Failed", "cancelled": "Cancelled"}  # fmt: skip


def announce(connection: Connection, run_id: int, now: datetime.datetime) -> None:
    """Write how a run stands for the provider, if it checks a pull request of one."""
    found = connection.execute(
        select(runs, jobs.c.name.label("job_name"))
        .join(jobs, jobs.c.id == runs.c.job_id)
        .join(providers, providers.c.project_id == runs.c.project_id)
        .where(runs.c.id == run_id, runs.c.is_ci.is_(True), runs.c.git_sha.is_not(None))
    ).first()
    if found is None or not _COMMIT.match(found.git_sha):
        return
    if (found.trigger or {}).get("steps_override") == [CLEANING]:
        return
    state = _STATES[Status(found.status)]
    words = _WORDS[state]
    if found.status_message and state in ("failure", "cancelled"):
        words = found.status_message
    elif state == "success" and found.started_at is not None:
        seconds = int((now - found.started_at).total_seconds())
        words = f"{words} in {seconds // 60}:{seconds % 60:02}"
    content = {
        "state": state, "commit": found.git_sha, "description": words,
        "name": f"upriver: {found.job_name}"[:255], "key": f"upriver-{found.job_id}",
        "project_id": found.project_id,
    }  # fmt: skip
    add(connection, found, KIND, content, now)
