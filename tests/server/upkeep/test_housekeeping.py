"""What is forgotten after its time, and what never is; a copy of everything is a server again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update
from tests.server_process import Served, manifest, run_results, running_serve, upload

from upriver.server.app import make_installation
from upriver.server.db.tables import artifacts, ingests, runs
from upriver.server.ingest.uploads import drop_expired
from upriver.server.installation import Installation
from upriver.server.moments import read_moment
from upriver.server.settings import Given, settings_of
from upriver.server.upkeep.housekeeping import forget_old_artifacts

MOMENTS = ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "2020-01-03T00:00:00Z")


def _upload(served: Served, moment: str) -> None:
    files = {
        "manifest.json": manifest("a", generated_at=moment),
        "run_results.json": run_results("a", generated_at=moment),
    }
    with served.client() as api:
        assert upload(api, 1, served.environments["Production"], files).status_code == 204


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """What a server left that has three old runs, and an upload that never ended."""
    with running_serve(tmp_path / "data") as served:
        for moment in MOMENTS:
            _upload(served, moment)
        with served.client() as api:
            production = served.environments["Production"]
            base = f"/api/private/accounts/1/environments/{production}/ingests/"
            address = api.post(base).json()["data"]["upload_url"]
            assert api.put(address, content=b"some of it").status_code == 200
    opened = make_installation(settings_of(Given(data=str(tmp_path / "data")), {}, "/"))
    yield opened
    opened.database.close()


def _objects(installation: Installation) -> int:
    folder = Path(installation.settings.objects)
    return sum(path.is_file() for path in folder.rglob("*"))


def test_old_files_go_and_the_state_stays(installation: Installation) -> None:
    assert forget_old_artifacts(installation) == 2
    assert forget_old_artifacts(installation) == 0
    with installation.database.reading() as connection:
        left = connection.execute(select(artifacts.c.run_id)).scalars().all()
        known = connection.execute(select(runs.c.id, runs.c.is_usable).order_by(runs.c.id)).all()
    assert {*left} == {known[-1].id}
    assert [run.is_usable for run in known] == [False, False, True]
    # Two artifacts, an index, and the piece of the upload.
    assert _objects(installation) == 4


def test_uploads_nobody_ended_go(installation: Installation) -> None:
    before = _objects(installation)
    drop_expired(installation)
    assert _objects(installation) == before
    with installation.database.writing() as connection:
        connection.execute(update(ingests).values(expires_at=read_moment(MOMENTS[0])))
    drop_expired(installation)
    assert _objects(installation) == before - 1


def test_a_copy_is_a_server_again(tmp_path: Path) -> None:
    """The database first, then the objects: what the rows name has been written before them."""
    copy = tmp_path / "copy"
    copy.mkdir()
    with running_serve(tmp_path / "data") as served:
        _upload(served, MOMENTS[0])
        source = sqlite3.connect(served.data / "server.db")
        target = sqlite3.connect(copy / "server.db")
        source.backup(target)
        source.close()
        target.close()
        _upload(served, MOMENTS[1])
        shutil.copytree(served.data / "objects", copy / "objects")
        shutil.copy(served.data / "key", copy / "key")
        token = served.token
    with running_serve(copy) as restored, restored.client(token) as api:
        place = f"/api/upriver/v1/projects/{restored.project_id}/state"
        state = api.get(place).json()
        assert state["run"]["finished_at"].startswith("2020-01-01")
        assert api.get(f"{place}/artifacts/manifest.json").status_code == 200
        assert [*api.get(f"{place}/index").json()["nodes"]] == ["model.shop.a"]
