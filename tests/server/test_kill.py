"""A server killed under load: nothing that was answered is lost, nothing is half there (R-04)."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from tests.postgres_server import Server
from tests.server.conftest import new_database
from tests.server_process import Served, manifest, run_results, running_serve, upload

from upriver.server.db.session import Database
from upriver.server.db.tables import artifacts, environments, ingests, runs
from upriver.server.store.local import LocalStore

TIMES = 6


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'server.db'}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    yield new_database(server)


def _upload_until_killed(served: Served, token: str, answered: list[str], start: int) -> None:
    number = start
    with served.client(token) as api:
        while True:
            commit = f"commit{number}"
            moment = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
            files = {
                "manifest.json": manifest("a", env={"DBT_CLOUD_GIT_SHA": commit}),
                "run_results.json": run_results("a", generated_at=moment),
            }
            try:
                done = upload(api, 1, served.environments["Production"], files)
            except (httpx.HTTPError, AssertionError):
                return
            if done.status_code == 204:
                answered.append(commit)
            number += 1


def test_killed_at_random_moments(address: str, tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    answered: list[str] = []
    token = ""
    data = tmp_path / "data"
    for turn in range(TIMES):
        with running_serve(data, options=["--database", address]) as served:
            token = token or served.token
            if turn:
                check_whole(address, data, answered)
            sender = threading.Thread(
                target=_upload_until_killed, args=(served, token, answered, turn * 500)
            )
            sender.start()
            time.sleep(chance.uniform(0.3, 2.5))
            os.kill(served.process_id, signal.SIGKILL)
            sender.join()
    assert answered
    with (
        running_serve(data, options=["--database", address]) as served,
        served.client(token) as api,
    ):
        check_whole(address, data, answered)
        assert api.get(f"/api/upriver/v1/projects/{served.project_id}/state").status_code == 200


def check_whole(address: str, data: Path, answered: list[str]) -> None:
    """Look into the database: what was answered is there, and all that is there is whole."""
    database = Database(address)
    store = LocalStore(data / "objects")
    with database.reading() as connection:
        environment = connection.execute(
            select(environments).where(environments.c.deployment_type == "production")
        ).one()
        found = connection.execute(
            select(runs).where(runs.c.environment_id == environment.id)
        ).all()
        kept = connection.execute(
            select(artifacts).where(artifacts.c.run_id.in_([run.id for run in found]))
        ).all()
        done = connection.execute(select(ingests).where(ingests.c.status == "done")).all()
    database.close()
    assert {*answered} <= {run.git_sha for run in found}
    assert all(run.status == 10 and run.is_usable for run in found)
    assert {each.run_id for each in done} == {run.id for run in found}
    assert len(kept) == 2 * len(found)
    for artifact in kept:
        assert sum(len(piece) for piece in store.read(artifact.object_key)) == artifact.stored_size
    newest = max(found, key=lambda run: (run.finished_at, run.id), default=None)
    assert environment.current_state_run_id == (newest.id if newest else None)
