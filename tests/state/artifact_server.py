"""A web server on a loopback port that holds artifacts, as a test wants it to behave."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Artifacts(ThreadingHTTPServer):
    """Files by path, and how to answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.statuses: list[int] = []
        """Taken from the front, one for each request, before files are looked for."""
        self.cut = 0
        """Bytes kept back from an answer that promised them."""
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Artifacts

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        if self.server.statuses:
            self._end(self.server.statuses.pop(0))
        elif self.path in self.server.moved:
            self._end(302, Location=self.server.moved[self.path])
        elif self.path not in self.server.files:
            self._end(404)
        else:
            self._give(self.server.files[self.path])

    def _give(self, data: bytes) -> None:
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self._end(304, ETag=tag)
            return
        self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) - self.server.cut])

    def _end(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


@contextlib.contextmanager
def serving() -> Iterator[Artifacts]:
    """Run a server as long as the block lasts."""
    server = Artifacts()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
