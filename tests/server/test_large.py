"""A manifest of 200 MB is taken in with little memory, and what is too large is refused (R-14)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.server_process import Served, manifest, run_results, running_serve, upload

MEBIBYTE = 1 << 20
NODES = 2000
BYTES_EACH = 100_000


def _large(path: Path) -> None:
    """Write an archive with a manifest of 200 MB, without ever holding it."""
    head, _, _ = manifest().partition(b'"nodes":{')
    node = manifest("NAME").partition(b'"nodes":{')[2].partition(b',"macros"')[0][:-1]
    node = node.replace(b"select 1 as id", b"-- a long text\\n" * (BYTES_EACH // 16))
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("manifest.json", "w") as file,
    ):
        file.write(head + b'"nodes":{')
        for number in range(NODES):
            file.write(b"," if number else b"")
            file.write(node.replace(b"NAME", f"n{number}".encode()))
        file.write(b'},"macros":{}}')
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("run_results.json", run_results(*(f"n{n}" for n in range(NODES))))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(MEBIBYTE):
            yield piece


def _peak_mebibytes(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def _send(api: httpx.Client, served: Served, path: Path) -> httpx.Response:
    base = f"/api/private/accounts/1/environments/{served.environments['Production']}/ingests/"
    announced = api.post(base).json()["data"]
    api.put(announced["upload_url"], content=_pieces(path)).raise_for_status()
    return api.patch(f"{base}{announced['id']}/", json={"upload_status": "SUCCESS"})


def test_two_hundred_megabytes(tmp_path: Path) -> None:
    archive = tmp_path / "large.zip"
    _large(archive)
    env = {
        # As much as the facts and the index of the manifest need, and not the manifest.
        "UPRIVER_SERVER_LIMIT_UNPACK_MEMORY": str(120 * MEBIBYTE),
        "UPRIVER_SERVER_LIMIT_RATIO": "1000",
    }
    with running_serve(tmp_path / "data", env=env) as served, served.client() as api:
        before = _peak_mebibytes(served.process_id)
        assert _send(api, served, archive).status_code == 204
        place = f"/api/upriver/v1/projects/{served.project_id}/state"
        state = api.get(place).json()
        assert state["manifest"]["size"] > 190_000_000
        assert state["ledger"]["nodes"] == NODES
        received = 0
        with api.stream(
            "GET", f"{place}/artifacts/manifest.json", headers={"Accept-Encoding": "identity"}
        ) as answer:
            for piece in answer.iter_raw():
                received += len(piece)
        assert received == state["manifest"]["size"]
        assert _peak_mebibytes(served.process_id) - before < 80


FILES = {"manifest.json": manifest("a"), "run_results.json": run_results("a")}
LIMITS = {
    "upload": ("UPLOAD", "1000", 413),
    "unpacked": ("UNPACKED", "500", 422),
    "account": ("ACCOUNT", "100", 413),
    "memory": ("UNPACK_MEMORY", str(4 * MEBIBYTE), 422),
}


@pytest.mark.parametrize(("limit", "value", "status"), LIMITS.values(), ids=[*LIMITS])
def test_limits_are_kept(limit: str, value: str, status: int, tmp_path: Path) -> None:
    env = {f"UPRIVER_SERVER_LIMIT_{limit}": value}
    with running_serve(tmp_path / "data", env=env) as served, served.client() as api:
        refused = upload(api, 1, served.environments["Production"], FILES)
        assert refused.status_code == status
        assert refused.json()["status"]["user_message"]
        assert api.get(f"/api/upriver/v1/projects/{served.project_id}/state").status_code == 404
        assert [*(served.data / "scratch").iterdir()] == []
