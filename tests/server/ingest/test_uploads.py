"""Uploads over HTTP: repeated, resumed, refused, given up."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.server.conftest import Project
from tests.server_process import manifest, run_results, zipped

FILES = {"manifest.json": manifest("a"), "run_results.json": run_results("a")}
NO_TOKEN = {"Authorization": ""}


def _announce(project: Project) -> tuple[str, str]:
    """Return the address to send to, and the path to end it at."""
    base = f"/api/private/accounts/{project.account_id}/environments/{project.production}/ingests"
    data = project.api.post(f"{base}/").json()["data"]
    return data["upload_url"], f"{base}/{data['id']}/"


def _end(project: Project, path: str, status: str = "SUCCESS") -> httpx.Response:
    return project.api.patch(path, json={"upload_status": status})


def _put(project: Project, address: str, data: bytes, span: str | None = None) -> httpx.Response:
    headers = {**NO_TOKEN, **({} if span is None else {"Content-Range": f"bytes {span}"})}
    return project.api.put(address, content=data, headers=headers)


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"job_id": 1}'], ids=repr)
def test_announcing_needs_no_body(project: Project, body: bytes) -> None:
    path = f"/api/private/accounts/{project.account_id}/environments/{project.production}/ingests/"
    answer = project.api.post(path, content=body)
    assert answer.status_code == 200
    assert answer.json()["data"].keys() == {"id", "upload_url"}
    # dbt-core takes these names in the query for an Azure blob.
    assert "sig=" not in answer.json()["data"]["upload_url"]


def test_every_step_may_be_repeated(project: Project) -> None:
    data = zipped(FILES)
    address, path = _announce(project)
    for _ in range(2):
        assert _put(project, address, data).json() == {"received": len(data)}
    first = [_end(project, path).status_code for _ in range(2)]
    assert first == [204, 204]
    state = project.get("state").json()
    assert state["ledger"]["revision"] == 1
    assert _put(project, address, data).status_code == 200
    assert project.get("state").json() == state


def test_an_upload_goes_on_where_it_was_interrupted(project: Project) -> None:
    data = zipped(FILES)
    address, path = _announce(project)
    look: Any = lambda: project.api.get(address, headers=NO_TOKEN).json()["received"]  # noqa: E731
    assert look() == 0
    total = len(data)
    assert _put(project, address, data[:100], f"0-99/{total}").json() == {"received": 100}
    # A piece that leaves a gap is refused; one that is here already changes nothing.
    assert _put(project, address, data[200:300], f"200-299/{total}").status_code == 409
    assert _end(project, path).status_code == 409
    assert _put(project, address, data[:100], f"0-99/{total}").json() == {"received": 100}
    assert look() == 100
    sent = _put(project, address, data[100:], f"100-{total - 1}/{total}")
    assert sent.json() == {"received": total}
    assert _end(project, path).status_code == 204
    assert project.get("state").status_code == 200


def test_a_refused_upload_leaves_nothing(project: Project) -> None:
    address, path = _announce(project)
    _put(project, address, zipped({**FILES, "../x.json": b"{}"}))
    for _ in range(2):
        refused = _end(project, path)
        assert refused.status_code == 422
        assert "not allowed" in refused.json()["status"]["user_message"]
    assert project.get("state").status_code == 404


def test_an_upload_can_be_given_up(project: Project) -> None:
    address, path = _announce(project)
    _put(project, address, zipped(FILES))
    assert _end(project, path, "FAILED").status_code == 204
    assert _put(project, address, zipped(FILES)).status_code == 409
    assert _end(project, path).status_code == 409
    assert project.get("state").status_code == 404


@pytest.mark.parametrize("span", ["0-5", "5-1/9", "x", "0-9/99999999999999"])
def test_strange_ranges_are_refused(project: Project, span: str) -> None:
    address, _ = _announce(project)
    assert _put(project, address, b"0123456789", span).status_code in (413, 422)


def test_another_environment_cannot_end_an_upload(project: Project) -> None:
    _, path = _announce(project)
    elsewhere = path.replace(
        f"environments/{project.production}", f"environments/{project.development}"
    )
    assert _end(project, elsewhere).status_code == 404
    assert _end(project, path.replace("accounts/1", "accounts/2")).status_code == 404


def test_an_upload_into_development_is_never_state(project: Project) -> None:
    files = {name.removesuffix(".json"): content for name, content in FILES.items()}
    assert project.upload(project.development, **files).status_code == 204
    first = project.get("environments").json()["environments"][0]
    assert first["state"] is None


def test_an_address_for_one_upload_opens_no_other(project: Project) -> None:
    address, _ = _announce(project)
    head, _, word = address.rpartition("/")
    until, number, signature = word.split(".")
    forged = f"{head}/{until}.{int(number) + 1}.{signature}"
    assert _put(project, forged, b"x").status_code == 403
    later = f"{head}/{int(until) + 99}.{number}.{signature}"
    assert _put(project, later, b"x").status_code == 403
    assert _put(project, address.replace("uploads", "downloads"), b"x").status_code == 405
    assert project.api.get(address.replace("uploads", "downloads")).status_code == 403
