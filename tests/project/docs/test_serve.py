"""Serving the site (CLI-57, CLI-127): its files and its data, and nothing else of the target."""

from __future__ import annotations

import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop

from upriver.cli.invoke import invoke
from upriver.project.docs.serve import Shown, make_server, serve_until
from upriver.run.stop import Stop


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a site is served whose directory also holds what is not for readers."""
    (tmp_path / "manifest.json").write_text('{"a": 1}')
    (tmp_path / "compiled").mkdir()
    (tmp_path / "compiled" / "m.sql").write_text("select 'secret'")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"png")
    shown = Shown(target_path=str(tmp_path), asset_paths=("pictures",))
    server, stop = make_server(shown, "127.0.0.1", 0), Stop()
    thread = threading.Thread(target=serve_until, args=(server, stop))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    stop.request()
    thread.join()


def _get(address: str, method: str = "GET") -> tuple[int, str, bytes]:
    request = urllib.request.Request(address, method=method)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", b""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/docs_site/main.js", "text/javascript; charset=utf-8"),
        ("/docs_site/styles.css?v=1", "text/css; charset=utf-8"),
        ("/manifest.json", "application/json; charset=utf-8"),
        ("/pictures/a.png", "image/png"),
    ],
)
def test_what_the_site_needs_is_there(address: str, path: str, kind: str) -> None:
    status, found, body = _get(address + path)
    assert (status, found) == (200, kind)
    assert body


@pytest.mark.parametrize(
    "path",
    ["/catalog.json", "/compiled/m.sql", "/pictures/../compiled/m.sql",
     "/pictures/%2e%2e/compiled/m.sql", "/docs_site/../manifest.json", "/pictures",
     "/etc/passwd", "//etc/passwd", "/docs_site/index.py"],
)  # fmt: skip
def test_the_rest_is_not(address: str, path: str) -> None:
    assert _get(address + path)[0] == 404


def test_head_sends_no_body(address: str) -> None:
    assert _get(f"{address}/manifest.json", "HEAD")[2] == b""


def test_without_documentation_it_says_what_to_do(tmp_path: Path) -> None:
    said = Shop(tmp_path)("docs", "serve", "--no-browser")
    assert said.exit_code == 2
    assert "error[docs-missing]" in said.out
    assert "upriver docs generate" in said.out


def test_a_port_that_is_taken_is_a_problem(tmp_path: Path, address: str) -> None:
    shop = Shop(tmp_path / "shop")
    shop("parse", "-q")
    said = shop("docs", "serve", "--no-browser", "--port", address.rpartition(":")[2])
    assert said.exit_code == 2
    assert "error[docs-port-taken]" in said.out


def test_it_ends_when_asked_to(tmp_path: Path) -> None:
    shop, stop = Shop(tmp_path), Stop()
    shop("parse", "-q")
    stop.request()
    out = io.StringIO()
    words = ["docs", "serve", "--no-browser", "--port", "0"]
    ended = invoke(words, env=shop.env, cwd=str(tmp_path), stdout=out, stderr=out, stop=stop)
    assert ended.exit_code == 0
    assert "To access from your browser, navigate to: http://localhost:" in out.getvalue()
    assert json.loads((tmp_path / "target" / "manifest.json").read_text())["metadata"]
