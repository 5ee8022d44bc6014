"""The command itself: first start, second start, settings, what it says and how it ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.certificates import make_certificates
from tests.server_process import Served, manifest, run_results, running_serve, upload


def _serve(*words: str, cwd: Path, probe: str = "") -> subprocess.CompletedProcess[str]:
    start = f"{probe}\nimport sys\nfrom upriver.cli.main import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", start, "serve", "--data", str(cwd / "data"), *words],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_first_and_second_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_serve(data) as first:
        assert first.url.startswith("http://127.0.0.1:")
        assert (first.user, len(first.password) > 20) == ("admin", True)
        assert [*first.environments] == ["Development", "Production"]
        with first.client() as api:
            me = api.get("/api/upriver/v1/whoami").json()
            production = first.environments["Production"]
            files = {"manifest.json": manifest("a"), "run_results.json": run_results("a")}
            assert upload(api, 1, production, files).status_code == 204
    assert me["token"]["kind"] == "user"
    assert me["token"]["scopes"] == ["account_admin"]
    assert me["projects"] == [{"id": first.project_id, "name": "shop"}]
    # What only the server may read is readable by nobody else.
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "key").stat().st_mode) == 0o600
    with running_serve(data) as second:
        assert (second.token, second.password) == ("", "")
        assert second.project_id == first.project_id
        with second.client(first.token) as api:
            state = api.get(f"/api/upriver/v1/projects/{first.project_id}/state")
            assert state.status_code == 200


def test_the_database_holds_no_token_and_no_password(served: Served) -> None:
    files = [path for path in served.data.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert served.token.encode() not in content
        assert served.password.encode() not in content


def test_a_private_authority(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    options = ["--tls-cert", made.cert, "--tls-key", made.key]
    with running_serve(tmp_path / "data", options=options, ca=made.ca) as served:
        assert served.url.startswith("https://")
        with served.client() as api:
            answer = api.get("/api/upriver/v1/whoami")
            assert answer.status_code == 200
            assert "strict-transport-security" in answer.headers
        with pytest.raises(httpx.ConnectError):
            httpx.get(served.url)


WRONG = {
    "port": (["--port", "70000"], "server-port-taken"),
    "certificate": (["--tls-cert", "none.pem", "--tls-key", "none.pem"], "server-setting"),
    "half of tls": (["--tls-cert", "none.pem"], "server-setting"),
    "database": (["--database", "postgresql://nobody@127.0.0.1:1/none"], "server-unreachable"),
    "no database": (["--database", "what"], "server-setting"),
    "objects": (["--objects", "/dev/null/objects"], "server-unreachable"),
}


@pytest.mark.parametrize(("words", "code"), WRONG.values(), ids=[*WRONG])
def test_what_is_set_wrong_is_said(words: list[str], code: str, tmp_path: Path) -> None:
    done = _serve(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"[{code}]" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_extra_is_said(tmp_path: Path) -> None:
    probe = "import sys; sys.modules['fastapi'] = None"
    done = _serve(cwd=tmp_path, probe=probe)
    assert done.returncode == 2
    assert "upriver[server]" in done.stdout + done.stderr


def test_two_servers_on_one_database(served: Served) -> None:
    """A second process with the same data knows the same tokens."""
    with (
        running_serve(served.data, options=served.options, project=None) as other,
        other.client(served.token) as api,
    ):
        assert api.get("/api/upriver/v1/whoami").status_code == 200


def test_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    with running_serve(tmp_path / "data") as served:
        os.kill(served.process_id, signal.SIGINT)
    log = (tmp_path / "data.log").read_text()
    assert "Traceback" not in log
    assert served.token not in log.replace(f"administrator: {served.token}", "")


HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/api/upriver/v1/whoami", "/none"])
def test_every_answer_has_the_headers_that_protect(served: Served, path: str) -> None:
    with served.client() as api:
        answer = api.get(path, headers={"Origin": "https://evil.example"})
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]
    assert "access-control-allow-origin" not in answer.headers


def test_health_and_metrics(served: Served) -> None:
    with served.client("") as api:
        assert api.get("/health/live").json() == {"status": "ok"}
        assert api.get("/health/ready/").json() == {"status": "ok"}
        text = api.get("/metrics").text
    assert 'upriver_http_requests_total{method="GET",route="/health/live",status="200"}' in text


@pytest.mark.parametrize("path", ["/api/upriver/v1/whoami", "/api/upriver/v1/whoami/"])
def test_a_slash_at_the_end_changes_nothing(served: Served, path: str) -> None:
    with served.client() as api:
        assert api.get(path).status_code == 200


@pytest.mark.parametrize(
    "words", ["", "Bearer", "Bearer x", "Basic YTpi", "Token dbtu_" + "0" * 55]
)
def test_without_a_valid_token_nothing_is_told(served: Served, words: str) -> None:
    with served.client("") as api:
        answer = api.get("/api/upriver/v1/whoami", headers={"Authorization": words})
    assert answer.status_code == 401
    status = answer.json()["status"]
    assert (status["code"], status["is_success"]) == (401, False)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_cookies_are_no_way_in(served: Served) -> None:
    with served.client("") as api:
        answer = api.get("/api/upriver/v1/whoami", headers={"Cookie": f"token={served.token}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"name": 1}', b"[]", b'{"name": ""}', b'{"name": "a\\u0000b"}', b"[" * 9000, b"\xff"],
    ids=repr,
)
def test_bodies_that_make_no_sense_are_refused(served: Served, body: bytes) -> None:
    with served.client() as api:
        answer = api.post("/api/upriver/v1/projects", content=body)
    assert answer.status_code == 422
    assert answer.json()["data"] is None


def test_a_huge_body_is_refused(served: Served) -> None:
    with served.client() as api:
        answer = api.post("/api/upriver/v1/projects", content=b" " * (2 << 20))
    assert answer.status_code == 413
