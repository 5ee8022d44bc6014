"""A real HTTP server of a test, which writes down what it is sent."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Listener(msgspec.Struct, kw_only=True):
    """What was heard, and what the next requests are answered with (200 afterwards)."""

    url: str
    heard: list[Heard]
    answers: list[int]


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port of the loopback."""
    listener = Listener(url="", heard=[], answers=[])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            listener.heard.append(Heard(path=self.path, headers=headers, body=body))
            self.send_response(listener.answers.pop(0) if listener.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
