"""Stores: written once, whole, under generated keys; a directory and S3 alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server_process import manifest, run_results, running_serve, upload

from upriver.server.store.contract import MissingObjectError, Store, new_key
from upriver.server.store.local import LocalStore
from upriver.server.store.open import open_store


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "local":
        return open_store(str(tmp_path / "objects"))
    return open_store(request.getfixturevalue("s3"))


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def test_what_is_put_is_read(store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    key = new_key("artifacts")
    store.put_file(key, _file(tmp_path, content))
    assert b"".join(store.read(key)) == content
    store.fetch(key, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == content
    store.check()


def test_an_object_is_never_overwritten(store: Store, tmp_path: Path) -> None:
    key = new_key("artifacts")
    store.put_file(key, _file(tmp_path, b"first"))
    with pytest.raises(FileExistsError):
        store.put_file(key, _second(tmp_path))
    assert b"".join(store.read(key)) == b"first"


def _second(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    return _file(folder, b"second")


def test_what_is_not_there_is_said_at_once(store: Store, tmp_path: Path) -> None:
    key = new_key("artifacts")
    with pytest.raises(MissingObjectError):
        store.read(key)
    with pytest.raises(MissingObjectError):
        store.fetch(key, tmp_path / "none")
    store.delete(key)
    store.put_file(key, _file(tmp_path, b"x"))
    store.delete(key)
    with pytest.raises(MissingObjectError):
        store.read(key)


@given(key=st.one_of(st.text(max_size=60), st.sampled_from(["../x", "/etc/passwd", "a/../../b"])))
def test_no_key_leads_out_of_the_directory(
    key: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store: Any = LocalStore(tmp_path_factory.mktemp("objects"))
    with pytest.raises(MissingObjectError):
        store.read(key)


def test_a_server_keeps_its_artifacts_in_s3(s3: str, tmp_path: Path) -> None:
    with running_serve(tmp_path / "data", options=["--objects", s3]) as served:
        files = {"manifest.json": manifest("a"), "run_results.json": run_results("a")}
        with served.client() as api:
            assert upload(api, 1, served.environments["Production"], files).status_code == 204
            place = f"/api/upriver/v1/projects/{served.project_id}/state"
            found = api.get(f"{place}/artifacts/manifest.json")
            assert found.content == files["manifest.json"]
            assert [*api.get(f"{place}/index").json()["nodes"]] == ["model.shop.a"]
            assert api.get("/health/ready").status_code == 200
        assert not (served.data / "objects").exists()
