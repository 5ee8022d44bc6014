"""PostgreSQL is stopped and started while everything is busy: nothing is lost or stuck (R-12)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from tests.postgres_server import (
    Server,
    ServerUnavailable,
    running_server,
    start_again,
    stop,
)
from tests.server.conftest import new_database
from tests.server.sample_project import commit, new_repository
from tests.server.test_kill import check_whole
from tests.server_process import Served, manifest, run_results, running_serve, upload

RESTARTS = ("fast", "immediate", "fast", "immediate")
JOBS = 3


@pytest.fixture
def database() -> Iterator[Server]:
    """A server of this test alone: others are not to be restarted."""
    try:
        with running_server(is_durable=True) as server:
            yield server
    except ServerUnavailable as reason:
        pytest.skip(str(reason))


class Busy:
    """Uploads and questions, all the time; remembers what was answered."""

    def __init__(self, served: Served) -> None:
        self.answered: list[str] = []
        self.statuses: set[int] = set()
        self._served = served
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=each) for each in (self._upload, self._ask, self._ask)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _upload(self) -> None:
        number = 0
        with self._served.client() as api:
            while not self._is_over.is_set():
                number += 1
                files = {
                    "manifest.json": manifest("a", env={"DBT_CLOUD_GIT_SHA": f"commit{number}"}),
                    "run_results.json": run_results(
                        "a", generated_at=f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z"
                    ),
                }
                try:
                    done = upload(api, 1, self._served.environments["Production"], files)
                except AssertionError:
                    # The announcement was not answered, or with an outage.
                    time.sleep(0.1)
                    continue
                self.statuses.add(done.status_code)
                if done.status_code == 204:
                    self.answered.append(f"commit{number}")

    def _ask(self) -> None:
        place = f"/api/upriver/v1/projects/{self._served.project_id}/state"
        with self._served.client() as api:
            while not self._is_over.wait(0.02):
                self.statuses.add(api.get(place).status_code)


def _jobs(served: Served, api: httpx.Client, folder: Path) -> list[int]:
    """Make jobs in an environment of their own, so that the other's state is that of uploads."""
    repository = new_repository(folder / "origin")
    slow = "{{ config(materialized='table') }} select sum(range) as n from range(200000000)"
    commit(repository, {"models/slow.sql": slow})
    own = f"/api/upriver/v1/projects/{served.project_id}"
    wish = {"name": "Jobs", "type": "deployment"}
    environment = api.post(f"{own}/environments", json=wish).json()["id"]
    output = {"type": "duckdb", "schema": "prod",
              "path": str(folder / "{{ env_var('DBT_CLOUD_JOB_ID') }}.duckdb")}  # fmt: skip
    api.put(f"{own}/repository", json={"url": repository.as_uri()})
    api.put(
        f"{own}/environments/{environment}/connection", json={"profile": "shop", "output": output}
    ).raise_for_status()
    made = []
    for number in range(JOBS):
        wish = {
            "name": f"job {number}", "project_id": served.project_id,
            "environment_id": environment, "execute_steps": ["dbt build"],
        }  # type: ignore[dict-item] # fmt: skip
        made.append(api.post("/api/v2/accounts/1/jobs/", json=wish).json()["data"]["id"])
    return made


def _ended(api: httpx.Client, ids: list[int]) -> list[dict[str, Any]]:
    until = time.monotonic() + 200
    while True:
        runs = [api.get(f"/api/v2/accounts/1/runs/{each}/").json()["data"] for each in ids]
        if all(run["is_complete"] for run in runs):
            return runs
        assert time.monotonic() < until, [(run["id"], run["status"]) for run in runs]
        time.sleep(0.5)


@pytest.mark.postgres
def test_restarts_lose_nothing(database: Server, tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - moments, not secrets
    url, data = new_database(database), tmp_path / "data"
    with (
        running_serve(data, options=["--database", url, "--runs", "1"]) as served,
        served.client() as api,
        (tmp_path / "worker.log").open("wb") as log,
    ):
        jobs = _jobs(served, api, tmp_path)
        worker = subprocess.Popen(
            [sys.executable, "-m", "upriver", "worker", "--runs", "1", "--data", str(data),
             "--database", url],
            cwd=tmp_path, stdout=log, stderr=log, env={**os.environ},
        )  # fmt: skip
        try:
            while b"carries out runs" not in (tmp_path / "worker.log").read_bytes():
                assert worker.poll() is None
                time.sleep(0.1)
            ids = [
                api.post(f"/api/v2/accounts/1/jobs/{job}/run/", json={}).json()["data"]["id"]
                for _ in range(2)
                for job in jobs
            ]
            with Busy(served) as busy:
                for mode in RESTARTS:
                    time.sleep(chance.uniform(0.5, 2))
                    stop(database, mode)
                    time.sleep(chance.uniform(0.2, 1.5))
                    start_again(database)
                time.sleep(1)
            runs = _ended(api, ids)
            assert worker.poll() is None
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
        state = api.get(f"/api/upriver/v1/projects/{served.project_id}/state")
        assert state.status_code == 200
        for run in runs:
            found = api.get(f"/api/v2/accounts/1/runs/{run['id']}/artifacts/manifest.json")
            assert "model.shop.slow" in found.json()["nodes"]
    assert [run["status"] for run in runs] == [10] * len(ids), runs
    assert busy.answered
    assert busy.statuses <= {200, 204, 503, 404}, busy.statuses
    assert 503 in busy.statuses
    check_whole(url, data, busy.answered)
