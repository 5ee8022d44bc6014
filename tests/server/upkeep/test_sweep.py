"""Objects that no row names are deleted, beside uploads, and never one that is named (R-04)."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from tests.server.test_kill import check_whole
from tests.server_process import Served, manifest, run_results, running_serve, upload

from upriver.server.app import make_installation
from upriver.server.db import job_tables  # noqa: F401 - its tables are among the metadata
from upriver.server.db.tables import artifacts, ingests, metadata, runs
from upriver.server.ingest.uploads import drop_expired
from upriver.server.installation import Installation
from upriver.server.moments import now
from upriver.server.settings import Given, settings_of
from upriver.server.store.contract import Store, new_key
from upriver.server.upkeep.housekeeping import clean_up
from upriver.server.upkeep.sweep import NAMES, sweep

AT_ONCE = datetime.timedelta(0)
HOUR = datetime.timedelta(hours=1)


def _installation(data: Path, objects: str | None = None) -> Installation:
    return make_installation(settings_of(Given(data=str(data), objects=objects), {}, "/"))


def _upload(served: Served, number: int = 0) -> None:
    files = {
        "manifest.json": manifest("a", env={"DBT_CLOUD_GIT_SHA": f"commit{number}"}),
        "run_results.json": run_results(
            "a", generated_at=f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z"
        ),
    }
    with served.client() as api:
        assert upload(api, 1, served.environments["Production"], files).status_code == 204


def _keys(store: Store) -> set[str]:
    return {*store.old_keys(now() + HOUR)}


def _orphan(store: Store, tmp_path: Path, kind: str = "artifacts") -> str:
    file = tmp_path / "orphan"
    file.write_bytes(b"nobody knows")
    key = new_key(kind)
    store.put_file(key, file)
    file.unlink()
    return key


@pytest.fixture(params=["local", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    if request.param == "local":
        return None
    # The bucket serves the whole session, and everything below the prefix is counted here.
    address: str = request.getfixturevalue("s3")
    return address.replace("some/prefix", f"swept/{tmp_path.name}")


def test_orphans_go_and_what_is_named_stays(objects: str | None, tmp_path: Path) -> None:
    data = tmp_path / "data"
    options = [] if objects is None else ["--objects", objects]
    with running_serve(data, options=options) as served:
        _upload(served)
        with served.client() as api:
            base = f"/api/private/accounts/1/environments/{served.environments['Production']}"
            address = api.post(f"{base}/ingests/").json()["data"]["upload_url"]
            api.put(address, content=b"the first piece").raise_for_status()
        installation = _installation(data, objects)
        store = installation.store
        named = _keys(store)
        # Two artifacts, an index and a piece.
        assert len(named) == 4
        orphans = {_orphan(store, tmp_path, kind) for kind in ("artifacts", "indexes", "uploads")}
        assert _keys(store) == named | orphans

        # Too young to be touched.
        assert sweep(installation).deleted == 0
        assert sweep(installation, HOUR).looked_at == 0
        assert _keys(store) == named | orphans

        time.sleep(1.1)
        swept = sweep(installation, AT_ONCE)
        assert (swept.looked_at, swept.deleted) == (7, 3)
        assert _keys(store) == named
        assert sweep(installation, AT_ONCE).deleted == 0
        with served.client() as api:
            place = f"/api/upriver/v1/projects/{served.project_id}/state"
            assert api.get(f"{place}/artifacts/manifest.json").status_code == 200
            assert api.get(address).json() == {"received": 15}
        installation.database.close()


def test_a_run_that_goes_on_keeps_what_it_has_stored(tmp_path: Path) -> None:
    """Its rows are written at its end, which may be after any grace period."""
    with running_serve(tmp_path / "data") as served:
        _upload(served)
    installation = _installation(tmp_path / "data")
    with installation.database.writing() as connection:
        row = connection.execute(select(runs)).one()._asdict()
        going = {**row, "id": None, "status": 3, "dequeued_at": now(), "finished_at": None}
        connection.execute(insert(runs).values({k: v for k, v in going.items() if k != "id"}))
    orphan = _orphan(installation.store, tmp_path)
    time.sleep(0.1)
    assert sweep(installation, AT_ONCE).looked_at == 0
    with installation.database.writing() as connection:
        connection.execute(update(runs).where(runs.c.status == 3).values(status=20))
    assert sweep(installation, AT_ONCE).deleted == 1
    assert orphan not in _keys(installation.store)
    installation.database.close()


def test_beside_uploads_and_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    is_over = threading.Event()
    numbers: list[int] = []
    with running_serve(data) as served:
        installation = _installation(data)

        def send() -> None:
            while not is_over.is_set():
                _upload(served, len(numbers))
                numbers.append(len(numbers))

        sender = threading.Thread(target=send)
        sender.start()
        until = time.monotonic() + 8
        count = 0
        while time.monotonic() < until:
            # Uploads take less than a second here: a grace of three is as safe as a day is elsewhere.
            _orphan(installation.store, tmp_path)
            count += sweep(installation, datetime.timedelta(seconds=3)).deleted
            time.sleep(0.05)
        is_over.set()
        sender.join()
        assert count > 10
        os.kill(served.process_id, signal.SIGKILL)
    time.sleep(0.1)
    sweep(installation, AT_ONCE)
    with installation.database.reading() as connection:
        known = {*connection.scalars(select(artifacts.c.object_key))}
        known |= {*connection.scalars(select(runs.c.index_key))}
    assert _keys(installation.store) == known
    installation.database.close()
    check_whole(f"sqlite:///{data / 'server.db'}", data, [f"commit{n}" for n in numbers])


def test_a_copy_of_somebody_who_died_goes(tmp_path: Path) -> None:
    with running_serve(tmp_path / "data") as served:
        _upload(served)
    installation = _installation(tmp_path / "data")
    folder = tmp_path / "data" / "objects" / "artifacts" / "ab"
    folder.mkdir(exist_ok=True)
    half = folder / f".{'c' * 38}.4711"
    half.write_bytes(b"half")
    foreign = folder / "README"
    foreign.write_bytes(b"not ours")
    time.sleep(0.1)
    assert sweep(installation, AT_ONCE).deleted == 1
    assert not half.exists()
    assert foreign.exists()
    installation.database.close()


def test_uploads_of_the_dead_are_given_up(tmp_path: Path) -> None:
    """One that was being read when its server was killed, and pieces that were not dropped."""
    with running_serve(tmp_path / "data") as served, served.client() as api:
        base = f"/api/private/accounts/1/environments/{served.environments['Production']}"
        for _ in range(2):
            address = api.post(f"{base}/ingests/").json()["data"]["upload_url"]
            api.put(address, content=b"some").raise_for_status()
    installation = _installation(tmp_path / "data")
    long_ago = now() - datetime.timedelta(days=3)
    with installation.database.writing() as connection:
        first, second = connection.scalars(select(ingests.c.id)).all()
        connection.execute(
            update(ingests)
            .where(ingests.c.id == first)
            .values(status="working", claim="x", claimed_at=long_ago, expires_at=long_ago)
        )
        connection.execute(update(ingests).where(ingests.c.id == second).values(status="done"))
    drop_expired(installation)
    assert _keys(installation.store) == set()
    with installation.database.reading() as connection:
        assert connection.scalars(select(ingests.c.status)).all() == ["abandoned", "done"]
    assert clean_up(installation).looked_at == 0
    installation.database.close()


def test_as_a_command(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_serve(data) as served:
        _upload(served)
        words = [sys.executable, "-m", "upriver", "serve", "--data", str(data), "--clean-up"]
        done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "Deleted 0 objects that nothing names, of 0" in done.stdout


def test_every_column_that_names_an_object_is_looked_at() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in ("object_key", "index_key") or column.name.endswith("_object")
    }
    assert found == {f"{column.table.name}.{column.name}" for column in NAMES}
