"""Asking web servers that fail, are slow, break off, send elsewhere (PROJ-55)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workspace.package_server import PackageServer
from tests.workspace.package_sources.fetching import QUICK, setting_in

from upriver.problems import Interrupted
from upriver.workspace.package_sources.http import download, get
from upriver.workspace.package_sources.setting import SourceError

BODY = b"x" * 100_000


@pytest.fixture
def server() -> Iterator[PackageServer]:
    with PackageServer() as server:
        server.bodies["file"] = BODY
        yield server


def test_what_is_there_is_fetched(server: PackageServer, tmp_path: Path) -> None:
    setting = setting_in(tmp_path)
    assert get(f"{server.url}file", setting) == BODY
    download(f"{server.url}file", tmp_path / "deep" / "copy", setting)
    assert (tmp_path / "deep" / "copy").read_bytes() == BODY


def test_a_failure_that_passes_is_not_noticed(server: PackageServer, tmp_path: Path) -> None:
    server.faults["file"] = "fail once"
    assert get(f"{server.url}file", setting_in(tmp_path)) == BODY
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "said", "is_unreachable", "requests"),
    [
        ("fail", "503", True, 2),
        ("truncate", "broke off after 50000 of 100000 bytes", True, 2),
        ("slow", "nothing came for 0.3 seconds", True, 2),
        ("refuse", "401", False, 1),
    ],
)
def test_failures(
    server: PackageServer,
    tmp_path: Path,
    fault: str,
    said: str,
    *,
    is_unreachable: bool,
    requests: int,
) -> None:
    server.faults["file"] = fault
    with pytest.raises(SourceError, match=said) as caught:
        download(f"{server.url}file", tmp_path / "copy", setting_in(tmp_path))
    assert caught.value.is_unreachable is is_unreachable
    assert len(server.requests) == requests
    assert not (tmp_path / "copy").exists()


def test_nobody_there(tmp_path: Path) -> None:
    with PackageServer() as server:
        url = server.url
    with pytest.raises(SourceError, match="connection refused") as caught:
        get(url, setting_in(tmp_path))
    assert caught.value.is_unreachable


def test_what_is_not_there(server: PackageServer, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        get(f"{server.url}nothing", setting_in(tmp_path))
    assert caught.value.code == "package-not-found"


def test_too_much(server: PackageServer, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        get(f"{server.url}file", setting_in(tmp_path), limit=1000)
    assert caught.value.code == "package-archive-refused"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/a", "nothing", "http://"])
def test_other_addresses(tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceError) as caught:
        get(url, setting_in(tmp_path))
    assert caught.value.code == "package-address-invalid"


def test_credentials_are_sent_to_their_host_alone(server: PackageServer, tmp_path: Path) -> None:
    with PackageServer() as other:
        other.bodies["elsewhere"] = b"found"
        server.faults["file"] = f"{other.url}elsewhere"
        address = f"{server.url}file".replace("//", "//user:s3cret%21@")
        assert get(address, setting_in(tmp_path)) == b"found"
        sent = base64.b64encode(b"user:s3cret!").decode()
        assert server.headers[0]["Authorization"] == f"Basic {sent}"
        assert "Authorization" not in other.headers[0]


def test_credentials_are_not_in_messages(server: PackageServer, tmp_path: Path) -> None:
    address = f"{server.url}nothing?token=s3cret".replace("//", "//user:s3cret@")
    with pytest.raises(SourceError) as caught:
        get(address, setting_in(tmp_path))
    assert "s3cret" not in caught.value.message


def test_proxies_of_the_environment(server: PackageServer, tmp_path: Path) -> None:
    proxied = {"HTTP_PROXY": server.url, "NO_PROXY": "direct.example"}
    server.bodies["http://host.example/file"] = b"by proxy"
    assert get("http://host.example/file", setting_in(tmp_path, env=proxied)) == b"by proxy"


def test_a_wish_to_stop_is_heard_while_waiting(server: PackageServer, tmp_path: Path) -> None:
    server.faults["file"] = "fail"
    setting = setting_in(tmp_path, is_stopped=lambda: len(server.requests) > 0, patience=QUICK)
    with pytest.raises(Interrupted):
        get(f"{server.url}file", setting)
