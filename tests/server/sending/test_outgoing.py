"""Calls to addresses that users gave (S-21)."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from upriver.server.sending.outgoing import Answer, post

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def heard() -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    calls: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.append((self.headers["Host"], body))
            is_moved = self.path == "/moved"
            self.send_response(302 if is_moved else 200)
            if is_moved:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1], calls
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_checked_address_is_called(heard: tuple[int, list[tuple[str, bytes]]]) -> None:
    port, calls = heard
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    answer = post(
        f"http://hooks.example.com:{port}/x", b"{}", {}, allowed=LOOPBACK, resolve=resolve
    )
    assert answer == Answer(status=200)
    assert asked == ["hooks.example.com"], "a second question might be answered differently"
    assert calls == [(f"hooks.example.com:{port}", b"{}")]


def test_no_redirect_is_followed(heard: tuple[int, list[tuple[str, bytes]]]) -> None:
    port, calls = heard
    answer = post(f"http://127.0.0.1:{port}/moved", b"{}", {}, allowed=LOOPBACK)
    assert answer.status == 302
    assert len(calls) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused(address: str) -> None:
    answer = post(
        "https://hooks.example.com/", b"", {}, resolve=lambda *_: ["93.184.216.34", address]
    )
    assert answer.status is None
    assert "not a public address" in (answer.problem or "")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.com/", "https://user:word@example.com/", "https:///x",
     "http://127.1/", "http://[::1]/", "http://example.com:99999/"],
)  # fmt: skip
def test_other_addresses_are_refused(url: str) -> None:
    assert post(url, b"", {}).status is None


def test_a_receiver_that_is_away() -> None:
    answer = post("http://127.0.0.1:1/", b"", {}, allowed=LOOPBACK)
    assert answer.status is None
    assert "while calling `127.0.0.1`" in (answer.problem or "")
