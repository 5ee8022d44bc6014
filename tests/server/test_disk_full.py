"""Full disks: what cannot be kept is answered with 507, nothing is half there, and it passes (R-12)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from sqlalchemy import select
from tests.server.conftest import new_database
from tests.server.full_disk import MEBIBYTE, Disk, disk_of
from tests.server.sample_project import commit, new_repository
from tests.server.test_kill import check_whole
from tests.server_process import Served, manifest, run_results, running_serve, upload, zipped

from upriver.server.db.session import Database
from upriver.server.db.tables import ingests

FULL = 507
NOISE = random.Random(5)  # noqa: S311 - bytes that no compression makes smaller


@pytest.fixture(params=["limit", "mount"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with disk_of(request.param, tmp_path / "disk") as made:
        yield made


def _artifacts(number: int, *, noise: int = 0) -> dict[str, bytes]:
    moment = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    env = {"DBT_CLOUD_GIT_SHA": f"commit{number}", "NOISE": NOISE.randbytes(noise // 2).hex()}
    return {
        "manifest.json": manifest("a", env=env),
        "run_results.json": run_results("a", generated_at=moment),
    }


class Asker:
    """Asks for the state all the time, as developers do, whatever happens to the disk."""

    def __init__(self, served: Served) -> None:
        self.statuses: list[int] = []
        self._served = served
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        with self._served.client() as api:
            while not self._is_over.wait(0.02):
                place = f"/api/upriver/v1/projects/{self._served.project_id}/state"
                self.statuses.append(api.get(place).status_code)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()


def _scratch(served: Served) -> list[str]:
    return [path.name for path in (served.data / "scratch").iterdir()]


def test_each_step_of_an_upload(disk: Disk) -> None:
    """The announcement (a row), the piece (a file), the unpacking (files of another process)."""
    with running_serve(disk.folder / "data") as served, served.client() as api:
        production = served.environments["Production"]
        base = f"/api/private/accounts/1/environments/{production}/ingests/"
        assert upload(api, 1, production, _artifacts(1)).status_code == 204
        before = api.get(f"/api/upriver/v1/projects/{served.project_id}/state").json()
        with Asker(served) as asker:
            large = _artifacts(2, noise=6 * MEBIBYTE)
            announced = api.post(base).json()["data"]
            address, end = announced["upload_url"], f"{base}{announced['id']}/"
            done = {"upload_status": "SUCCESS"}

            disk.fill(served.process_id, MEBIBYTE)
            sent = api.put(address, content=zipped(large))
            assert sent.status_code == FULL, sent.text
            assert "no room left" in sent.json()["status"]["user_message"]
            assert int(sent.headers["retry-after"]) > 0
            assert _scratch(served) == []
            assert api.get(address).json() == {"received": 0}

            disk.fill(served.process_id)
            assert api.post(base).status_code == FULL

            disk.empty(served.process_id)
            assert api.put(address, content=zipped(large)).status_code == 200
            disk.fill(served.process_id, MEBIBYTE)
            assert api.patch(end, json=done).status_code == FULL
            assert _scratch(served) == []

            # The upload was not refused for good: there is room again, and it is taken in.
            disk.empty(served.process_id)
            assert api.patch(end, json=done).status_code == 204
        assert {*asker.statuses} == {200}
        after = api.get(f"/api/upriver/v1/projects/{served.project_id}/state").json()
        assert after["run"]["id"] > before["run"]["id"]
        assert api.get("/health/ready").status_code == 200
    check_whole(f"sqlite:///{disk.folder / 'data' / 'server.db'}", disk.folder / "data",
                ["commit1", "commit2"])  # fmt: skip


def test_full_at_random_moments(disk: Disk) -> None:
    chance = random.Random(11)  # noqa: S311 - moments, not secrets
    answered: list[str] = []
    others: set[int] = set()
    is_over = threading.Event()
    data = disk.folder / "data"
    with running_serve(data) as served:
        with served.client() as api:
            upload(api, 1, served.environments["Production"], _artifacts(0))

        def send() -> None:
            number = 0
            with served.client() as api:
                while not is_over.is_set():
                    number += 1
                    try:
                        done = upload(
                            api, 1, served.environments["Production"], _artifacts(number)
                        )
                    except AssertionError as error:
                        others.add(int("507" in str(error)) * FULL)
                        continue
                    if done.status_code == 204:
                        answered.append(f"commit{number}")
                    else:
                        others.add(done.status_code)

        sender = threading.Thread(target=send)
        sender.start()
        with Asker(served) as asker:
            for _ in range(8):
                time.sleep(chance.uniform(0.1, 0.6))
                disk.fill(served.process_id, chance.choice((0, 0, 4096, 200_000)))
                time.sleep(chance.uniform(0.1, 0.6))
                disk.empty(served.process_id)
        time.sleep(1)
        is_over.set()
        sender.join()
        assert {*asker.statuses} == {200}
        with served.client() as api:
            last = upload(api, 1, served.environments["Production"], _artifacts(9_999))
        assert last.status_code == 204
    assert answered
    # A claim whose end could not be written lapses; until then the upload is said to be read.
    assert FULL in others
    assert others <= {FULL, 503}
    check_whole(f"sqlite:///{data / 'server.db'}", data, answered)
    database = Database(f"sqlite:///{data / 'server.db'}")
    with database.reading() as connection:
        refused = connection.execute(select(ingests).where(ingests.c.status == "refused")).all()
    database.close()
    assert refused == []


def _job(served: Served, api: httpx.Client, folder: Path) -> tuple[str, int]:
    """Make a job whose warehouse lies elsewhere, so that only the worker's disk is full."""
    repository = new_repository(folder / "origin")
    words = "{{ log('noise' * 20, true) }}"
    commit(repository, {"models/base.sql": f"{words * 200} select 1 as id"})
    own = f"/api/upriver/v1/projects/{served.project_id}"
    environment = served.environments["Production"]
    output = {"type": "duckdb", "schema": "prod", "path": str(folder / "w.duckdb")}
    api.put(f"{own}/repository", json={"url": repository.as_uri()})
    api.put(
        f"{own}/environments/{environment}/connection", json={"profile": "shop", "output": output}
    )
    wish = {
        "name": "nightly", "project_id": served.project_id, "environment_id": environment,
        "execute_steps": ["dbt build"],
    }  # fmt: skip
    made = api.post("/api/v2/accounts/1/jobs/", json=wish).json()["data"]
    return "/api/v2/accounts/1", made["id"]


def _run(api: httpx.Client, place: str, job: int) -> dict[str, Any]:
    run_id = api.post(f"{place}/jobs/{job}/run/", json={}).json()["data"]["id"]
    until = time.monotonic() + 90
    while True:
        run: dict[str, Any] = api.get(
            f"{place}/runs/{run_id}/", params={"include_related": '["run_steps"]'}
        ).json()["data"]
        if run["is_complete"]:
            return run
        assert time.monotonic() < until, run
        time.sleep(0.2)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("kind", "left"), [("limit", 0), ("mount", 0), ("mount", 60_000), ("mount", 300_000)]
)
def test_a_worker_without_room(
    kind: str, left: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The database is elsewhere: the run ends in error at once, says why, and the next succeeds."""
    address = new_database(request.getfixturevalue("postgres_server"))
    with (
        disk_of(kind, tmp_path / "disk") as disk,
        running_serve(disk.folder / "data", options=["--database", address]) as served,
        served.client() as api,
    ):
        place, job = _job(served, api, tmp_path)
        disk.fill(served.process_id, left)
        failed = _run(api, place, job)
        disk.empty(served.process_id)
        good = _run(api, place, job)
        assert _scratch(served) == []
    assert failed["status"] == 20
    told = failed["status_message"] + "".join(step["logs"] for step in failed["run_steps"])
    assert any(words in told for words in ("no room left", "No space left")), told
    assert good["status"] == 10


def test_a_run_waits_for_a_database_without_room(tmp_path: Path) -> None:
    """Lines, heartbeats and the end of a run wait until SQLite can write again."""
    with (
        disk_of("limit", tmp_path / "disk") as disk,
        running_serve(disk.folder / "data", env={"UPRIVER_SERVER_PATIENCE": "2"}) as served,
        served.client() as api,
    ):
        place, job = _job(served, api, tmp_path)
        log = (disk.folder / "data" / "server.db-wal").stat().st_size
        run_id = api.post(f"{place}/jobs/{job}/run/", json={}).json()["data"]["id"]
        while api.get(f"{place}/runs/{run_id}/").json()["data"]["status"] != 3:
            time.sleep(0.05)
        # Only the database's log is as large as that: everything else still has room.
        for _ in range(3):
            disk.fill(served.process_id, log)
            time.sleep(1)
            disk.empty(served.process_id)
            time.sleep(0.3)
        until = time.monotonic() + 90
        while not (run := api.get(f"{place}/runs/{run_id}/").json()["data"])["is_complete"]:
            assert time.monotonic() < until
            time.sleep(0.2)
    # The invocation itself may have met the limit; whatever came of it, the run has ended.
    assert run["status"] in (10, 20)
    assert "lost" not in (run["status_message"] or "")
