from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import msgspec
import pytest
from tests.state.seam_server import TOKEN, Seam, seam

from upriver.state.pushed import summarise
from upriver.state.remote import upload as uploading
from upriver.state.remote.server_api import Patience, Server, Trouble
from upriver.state.remote.upload import Ingest, upload

INGEST = Ingest(account_id="1", environment_id="2", invocation_id="i")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Patience(silent=0.5, total=1.0, attempts=1)
    for name in ("BEGINNING", "PATIENCE", "ENDING"):
        monkeypatch.setattr(uploading, name, quick)
    monkeypatch.setattr(uploading, "PIECE", 1000)


@pytest.fixture
def server() -> Iterator[Seam]:
    with seam() as found:
        yield found


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("run_results.json", bytes(i % 251 for i in range(5000)))
    return buffer.getvalue()


def sent(server: Seam, data: bytes, token: str = TOKEN) -> str | Trouble:
    whom = Server(host=server.url, token=token, env={"NO_PROXY": "*"})
    return upload(whom, INGEST, io.BytesIO(data), len(data))


def test_a_large_archive_goes_in_pieces(server: Seam) -> None:
    data = archive()
    assert sent(server, data) == "1"
    assert bytes(server.uploads["1"]) == data
    puts = [path for method, path in server.asked if method == "PUT"]
    assert len(puts) == len(data) // 1000 + 1
    assert server.ingested[0][0] == "2"
    uploads = [
        sent for (_, path), sent in zip(server.asked, server.authorizations, strict=True)
        if "/upload/" in path
    ]  # fmt: skip
    assert set(uploads) == {None}


def test_a_small_archive_goes_at_once(server: Seam, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "PIECE", 1 << 20)
    assert sent(server, archive()) == "1"
    assert [method for method, _ in server.asked] == ["POST", "PUT", "PATCH"]


@pytest.mark.parametrize("fault", ["cut", "reset", "half_close", "unavailable", "silence"])
def test_what_breaks_off_is_resumed(server: Seam, fault: str) -> None:
    server.fault, server.fault_path, server.fault_count = fault, "/upload/", 2
    data = archive()
    assert sent(server, data) == "1"
    assert bytes(server.uploads["1"]) == data


@pytest.mark.parametrize(
    ("fault", "path"), [("reset", ""), ("captive", "ingests"), ("unavailable", "/upload/")]
)
def test_what_stays_broken_is_given_up(server: Seam, fault: str, path: str) -> None:
    server.fault, server.fault_path = fault, path
    found = sent(server, archive())
    assert isinstance(found, Trouble)
    assert TOKEN not in found.said
    assert server.ingested == []


def test_a_refusal_is_told(server: Seam) -> None:
    found = sent(server, archive(), token="wrong")  # noqa: S106 - made up
    assert isinstance(found, Trouble)
    assert found.kind == "unauthorised"


def test_nothing_is_sent_unencrypted_where_the_server_is_encrypted() -> None:
    assert not uploading._is_fit("http://elsewhere/x", "https://host")
    assert uploading._is_fit("https://bucket/x", "http://localhost:1")
    assert not uploading._is_fit("file:///etc/passwd", "http://localhost:1")


MANIFEST = {
    "metadata": {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "invocation_id": "i",
        "env": {"UPRIVER_GIT_COMMIT": "abc"},
    },
    "nodes": {},
}


def results(which: str, **args: object) -> bytes:
    row = {"status": "success", "timing": [{"name": "execute", "completed_at": "T"}]}
    rows = [
        {**row, "unique_id": "model.shop.a", "relation_name": '"a"'},
        {**row, "unique_id": "model.shop.b", "relation_name": '"b"', "status": "error"},
        {**row, "unique_id": "test.shop.t", "relation_name": '"t"'},
        {**row, "unique_id": "model.shop.e", "relation_name": None},
    ]
    return json.dumps(
        {"metadata": {"invocation_id": "i"}, "results": rows, "args": {"which": which, **args}}
    ).encode()


@pytest.mark.parametrize(
    ("which", "args", "ids"),
    [
        ("run", {}, ["model.shop.a"]),
        ("build", {"sample": None, "empty": False}, ["model.shop.a"]),
        ("compile", {}, []),
        ("generate", {}, []),
        ("run", {"empty": True}, []),
        ("run", {"sample": "3 days"}, []),
    ],
)
def test_what_was_built_is_told_of_what_was_built(
    which: str, args: dict[str, object], ids: list[str]
) -> None:
    found = summarise(json.dumps(MANIFEST).encode(), results(which, **args))
    assert found is not None
    builds = [] if found.builds is None else msgspec.json.decode(found.builds)["builds"]
    assert [build["unique_id"] for build in builds] == ids
    for build in builds:
        assert (build["relation"], build["git_sha"], build["built_at"]) == ('"a"', "abc", "T")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"<html>", b'{"metadata": {}, "nodes": {}}'])
def test_what_is_no_manifest_is_not_pushed(data: bytes) -> None:
    assert summarise(data, None) is None
