"""The registry: asked once, remembered, and not needed twice (PROJ-55)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workspace.package_server import PackageServer
from tests.workspace.package_sources.fetching import setting_in

from upriver.workspace.package_sources.hub import Hub, offline_warning
from upriver.workspace.package_sources.setting import SourceError


@pytest.fixture
def server() -> Iterator[PackageServer]:
    with PackageServer() as server:
        server.add("acme/one", "1.0.0", needs=[{"package": "acme/two", "version": "1.0.0"}])
        server.add("acme/one", "1.1.0", require=[">=1.0.0"])
        yield server


def _hub(server: PackageServer, root: Path) -> Hub:
    # dbt's own address ends with a slash; others need not.
    return Hub(setting_in(root, hub_url=server.url.rstrip("/")))


def test_a_package_is_asked_about_once(server: PackageServer, tmp_path: Path) -> None:
    hub = _hub(server, tmp_path)
    package = hub.package("acme/one")
    assert package is hub.package("acme/one")
    assert package.name == "one"
    assert [(v.text, v.require_dbt_version) for v in package.versions] == [
        ("1.0.0", ()), ("1.1.0", (">=1.0.0",)),
    ]  # fmt: skip
    assert package.versions[0].packages == ({"package": "acme/two", "version": "1.0.0"},)
    assert server.requests == ["api/v1/acme/one.json"]


def test_without_network_the_cache_answers(server: PackageServer, tmp_path: Path) -> None:
    _hub(server, tmp_path).package("acme/one")
    archive = _hub(server, tmp_path).archive("acme/one", "1.0.0")
    server.faults["api/v1/acme/one.json"] = "fail"
    hub = _hub(server, tmp_path)
    count = len(server.requests)
    assert hub.archive("acme/one", "1.0.0") == archive
    assert len(server.requests) == count
    assert [v.text for v in hub.package("acme/one").versions] == ["1.0.0", "1.1.0"]
    warning = offline_warning(hub)
    assert warning is not None
    assert "acme/one" in warning.message
    assert hub.newer("acme/one") is not None


def test_what_is_not_in_the_cache_is_told(server: PackageServer, tmp_path: Path) -> None:
    server.faults["api/v1/acme/one.json"] = "fail"
    hub = _hub(server, tmp_path)
    assert hub.newer("acme/one") is None
    with pytest.raises(SourceError) as caught:
        hub.package("acme/one")
    assert caught.value.code == "package-hub-unreachable"
    assert "DBT_PACKAGE_HUB_URL" in (caught.value.hint or "")
    # Nobody waits twice for what does not answer.
    assert len(server.requests) == 1


def test_names_and_versions_that_there_are_not(server: PackageServer, tmp_path: Path) -> None:
    hub = _hub(server, tmp_path)
    with pytest.raises(SourceError, match="has no package `acme/on`") as caught:
        hub.package("acme/on")
    assert caught.value.hint == "Did you mean `acme/one`?"
    with pytest.raises(SourceError) as caught:
        hub.archive("acme/one", "9.0.0")
    assert caught.value.code == "package-version-not-found"


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"versions": {"1.0.0": {}}}',
             b'{"name": "../x", "versions": {}}']
)  # fmt: skip
def test_what_is_no_registry(server: PackageServer, tmp_path: Path, body: bytes) -> None:
    server.bodies["api/v1/acme/odd.json"] = body
    with pytest.raises(SourceError) as caught:
        _hub(server, tmp_path).package("acme/odd")
    assert caught.value.code == "package-hub-invalid"


def test_a_package_that_another_has_replaced(server: PackageServer, tmp_path: Path) -> None:
    server.add("acme/old", "1.0.0", redirectname="one", redirectnamespace=None)
    assert _hub(server, tmp_path).package("acme/old").redirect == "acme/one"
