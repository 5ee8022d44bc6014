"""Workers that are killed while they carry out runs: nothing is lost, and nothing stays (R-02, R-04)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from tests.postgres_server import Server
from tests.server.conftest import new_database
from tests.server.sample_project import commit, new_repository
from tests.server_process import Served, running_serve

JOBS = 4
RUNS = 3
KILLS = 4


class Workers:
    """Two worker processes, of which one is killed now and then."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self._words = words
        self._folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with (self._folder / "workers.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "upriver", "worker", "--runs", "2", *self._words],
                    cwd=self._folder, stdout=log, stderr=log,
                    env={**os.environ, "UPRIVER_SERVER_PATIENCE": "3"},
                )
            )  # fmt: skip

    def kill_one(self) -> list[psutil.Process]:
        """Kill a worker and return the processes that it had started."""
        process = self.processes.pop(0)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        return children

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(60)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def harmed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Served, Workers]]:
    data = tmp_path / "data"
    options = ["--runs", "0"]
    words = ["--data", str(data)]
    if request.param == "postgres":
        url = new_database(request.getfixturevalue("postgres_server"))
        options += ["--database", url]
        words += ["--database", url]
    with running_serve(data, options=options) as served:
        workers = Workers(words, tmp_path)
        yield served, workers
        workers.stop()


def _prepare(served: Served, api: httpx.Client, folder: Path) -> list[int]:
    repository = new_repository(folder / "origin")
    slow = "{{ config(materialized='table') }} select sum(range) as n from range(30000000)"
    commit(repository, {"models/slow.sql": slow})
    own = f"/api/upriver/v1/projects/{served.project_id}"
    environment = served.environments["Production"]
    # Each job has a file of its own: one DuckDB file takes one writer.
    jobs = []
    api.put(f"{own}/repository", json={"url": repository.as_uri()})
    for number in range(JOBS):
        output = {"type": "duckdb", "schema": "prod",
                  "path": str(folder / "{{ env_var('DBT_FILE') }}.duckdb")}  # fmt: skip
        body = {"profile": "shop", "output": output}
        api.put(f"{own}/environments/{environment}/connection", json=body)
        made = api.post(
            f"/api/v2/accounts/{served.account_id}/jobs/",
            json={"name": f"job {number}", "project_id": served.project_id,
                  "environment_id": environment, "execute_steps": ["dbt build"]},
        ).json()["data"]  # fmt: skip
        api.post(
            f"/api/v3/accounts/{served.account_id}/projects/{served.project_id}"
            "/environment-variables/",
            json={"name": "DBT_FILE", "raw_value": f"w{number}", "job_definition_id": made["id"]},
        )
        jobs.append(made["id"])
    return jobs


def test_killed_workers_lose_nothing(harmed: tuple[Served, Workers], tmp_path: Path) -> None:
    served, workers = harmed
    chance = random.Random(7)  # noqa: S311 - the same times at every run
    with served.client() as api:
        jobs = _prepare(served, api, tmp_path)
        v2 = f"/api/v2/accounts/{served.account_id}"
        for _ in range(2):
            workers.start()
        started = [
            api.post(f"{v2}/jobs/{job}/run/", json={}).json()["data"]["id"]
            for _ in range(RUNS)
            for job in jobs
        ]
        orphans: list[psutil.Process] = []
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.5, 3))
            orphans += workers.kill_one()
            workers.start()
            _check_state(served, api)
        runs = _ended(api, v2, started)
    assert {run["status"] for run in runs} <= {10, 20}
    for run in runs:
        if run["status"] == 20:
            assert run["status_message"] == "The worker that carried out the run was lost"
    assert any(run["status"] == 10 for run in runs)
    assert sum(run["status"] == 20 for run in runs) <= 2 * KILLS
    _, alive = psutil.wait_procs(orphans, timeout=10)
    assert not alive, "an invocation went on after its worker was gone"


def _ended(api: httpx.Client, v2: str, ids: list[int]) -> list[dict[str, Any]]:
    until = time.monotonic() + 240
    while True:
        runs = [api.get(f"{v2}/runs/{run_id}/").json()["data"] for run_id in ids]
        if all(run["is_complete"] for run in runs):
            return runs
        assert time.monotonic() < until, [(run["id"], run["status"]) for run in runs]
        time.sleep(0.5)


def _check_state(served: Served, api: httpx.Client) -> None:
    """Whatever the state is now, all of it is there."""
    own = f"/api/upriver/v1/projects/{served.project_id}/state"
    answer = api.get(own)
    if answer.status_code == 404:
        return
    run_id = answer.json()["run"]["id"]
    run = api.get(f"/api/v2/accounts/{served.account_id}/runs/{run_id}/").json()["data"]
    assert run["status"] == 10
    manifest = api.get(f"{own}/artifacts/manifest.json")
    assert "model.shop.slow" in manifest.json()["nodes"]
    assert api.get(f"{own}/index").status_code == 200


@pytest.mark.postgres
def test_a_database_that_drops_everybody_ends_no_run(
    postgres_server: Server, tmp_path: Path
) -> None:
    """As when it restarts: every connection is gone, again and again, while runs are carried out."""
    url = new_database(postgres_server)
    name = url.rpartition("/")[2]
    with (
        running_serve(tmp_path / "data", options=["--database", url]) as served,
        served.client() as api,
    ):
        jobs = _prepare(served, api, tmp_path)
        v2 = f"/api/v2/accounts/{served.account_id}"
        ids = [api.post(f"{v2}/jobs/{job}/run/", json={}).json()["data"]["id"] for job in jobs]
        with psycopg.connect(
            host=postgres_server.host, port=postgres_server.port, user=postgres_server.user,
            password=postgres_server.password, dbname="postgres", autocommit=True,
        ) as admin:  # fmt: skip
            for _ in range(12):
                time.sleep(0.5)
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (name,),
                )
        runs = _ended(api, v2, ids)
    assert [run["status"] for run in runs] == [10] * JOBS
