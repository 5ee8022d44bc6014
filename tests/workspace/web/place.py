"""A web server on a loopback port that answers as it was planned."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from upriver.workspace.web.client import Client, Failure, Reply


class Place(ThreadingHTTPServer):
    """Answers with what was planned for a path, the last plan for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plans: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def plan(self, path: str, status: int, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.plans.setdefault(path, []).append((status, named, body))


class _Handler(BaseHTTPRequestHandler):
    server: Place

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        plans = self.server.plans.get(self.path, [(404, {}, b"")])
        status, headers, said = plans.pop(0) if len(plans) > 1 else plans[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(said)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names of its base

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


@contextlib.contextmanager
def serving() -> Iterator[Place]:
    place = Place()
    thread = threading.Thread(target=place.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield place
    finally:
        place.shutdown()
        place.server_close()
        thread.join()


def client(env: Mapping[str, str] | None = None, **given: Any) -> Client:
    return Client(**{"env": env or {}, "pause": 0.001, "timeout": 2.0, **given})


def replied(answer: Reply | Failure) -> Reply:
    assert isinstance(answer, Reply), answer
    return answer
