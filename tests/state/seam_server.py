"""upriver's server as its clients see it, on a loopback port: small, real, and faulty on request.

It speaks the agreed interface over real sockets, and can be told to fail as networks do.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import re
import socket
import struct
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "upriver_pat_canary"  # noqa: S105 - made up
BASE = "/api/upriver/v1"
CAPTIVE = b"<!doctype html><html><body>Sign in to the network</body></html>"
_KEPT = ("unique_id", "resource_type", "name", "package_name", "database", "schema", "alias",
         "relation_name", "checksum")  # fmt: skip


class Seam(ThreadingHTTPServer):
    """One account with one project, its environments, and what was pushed to them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token = TOKEN
        self.projects: dict[str, str] = {"7": "shop"}
        self.environments: dict[str, dict[str, Any]] = {
            "1": _environment(1, "Development", None),
            "2": _environment(2, "Production", "production"),
        }
        self.states: dict[str, dict[str, bytes]] = {}
        """Artifacts by environment and name."""
        self.commits: dict[str, str] = {}
        self.runs: dict[str, int] = {}
        self.finished = "2026-01-02T03:04:05+00:00"
        self.fault: str | None = None
        self.fault_path = ""
        """What is in a path that the fault is for."""
        self.fault_count = 1 << 30
        self.asked: list[tuple[str, str]] = []
        self.authorizations: list[str | None] = []
        self.uploads: dict[str, bytearray] = {}
        self.ingested: list[tuple[str, dict[str, bytes]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def publish(self, environment: str, artifacts: dict[str, bytes], commit: str = "") -> None:
        """Make artifacts the state of an environment."""
        self.states[environment] = artifacts
        self.commits[environment] = commit
        self.runs[environment] = self.runs.get(environment, 0) + 1

    def paths(self) -> list[str]:
        """Return what was asked, without the common beginning and queries."""
        found = [path.partition("?")[0].removeprefix(BASE) for _, path in self.asked]
        self.asked.clear()
        return found

    def default_environment(self) -> str | None:
        for kind in ("staging", "production"):
            for key, value in self.environments.items():
                if value["deployment_type"] == kind:
                    return key
        return None

    def state_of(self, key: str) -> dict[str, Any]:
        manifest = self.states[key]["manifest.json"]
        metadata = json.loads(manifest)["metadata"]
        environment = self.environments[key]
        return {
            "account_id": 1,
            "project": {"id": 7, "name": "shop"},
            "environment": {
                name: environment[name] for name in ("id", "name", "deployment_type")
            },
            "run": {
                "id": self.runs[key], "finished_at": self.finished,
                "git_sha": self.commits[key] or None, "git_branch": "main", "cause": "upload",
            },
            "manifest": {
                "sha256": hashlib.sha256(manifest).hexdigest(), "size": len(manifest),
                "generated_at": metadata.get("generated_at"), "schema_version": 12,
                "dbt_version": metadata.get("dbt_version"),
                "invocation_id": metadata.get("invocation_id"),
            },
            "ledger": {"revision": self.runs[key], "nodes": 3},
            "pinned": False,
        }  # fmt: skip

    def tag_of(self, key: str) -> str:
        state = self.state_of(key)
        return f'"e{key}-r{self.runs[key]}-l0-{state["manifest"]["sha256"][:16]}"'

    def index_of(self, key: str) -> bytes:
        manifest = json.loads(self.states[key]["manifest.json"])
        nodes = {
            unique_id: {
                **{name: node.get(name) for name in _KEPT},
                "config": {name: node["config"].get(name) for name in ("enabled", "materialized")},
            }
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed", "snapshot")
        }
        builds = json.loads(self.states[key].get("upriver_builds.json", b'{"builds": []}'))
        metadata = {**manifest["metadata"]}
        metadata["env"] = {
            k: v for k, v in (metadata.get("env") or {}).items() if k != "UPRIVER_BUILDS"
        }
        return json.dumps(
            {
                "metadata": metadata,
                "nodes": nodes,
                "functions": {},
                "upriver_builds": {
                    one["unique_id"]: {**one, "run_id": self.runs[key]} for one in builds["builds"]
                },
            }
        ).encode()


def _environment(number: int, name: str, deployment_type: str | None) -> dict[str, Any]:
    return {
        "id": number, "name": name, "deployment_type": deployment_type,
        "type": "deployment" if deployment_type else "development",
        "is_deferrable": deployment_type is not None,
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    server: Seam
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.command, self.path))
        self.server.authorizations.append(self.headers.get("Authorization"))
        fault = self.server.fault
        if fault and self.server.fault_path in self.path and self.server.fault_count > 0:
            self.server.fault_count -= 1
            getattr(self, f"_fault_{fault}")(size)
            self.close_connection = True
            return
        body = self.rfile.read(size)
        parts = urlsplit(self.path)
        path, query = parts.path.rstrip("/"), parse_qs(parts.query)
        if path.startswith("/upload/"):
            self._upload(path.rpartition("/")[2], body)
        elif self.headers.get("Authorization") not in (
            f"Bearer {self.server.token}", f"Token {self.server.token}",
        ):  # fmt: skip
            self._fail(401, "Invalid token.")
        elif path.startswith(BASE):
            self._own(path.removeprefix(BASE), query)
        elif "/ingests" in path:
            self._ingest(path, body)
        else:
            self._fail(404, "Not found.")

    do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815 - names of its base

    def _own(self, path: str, query: dict[str, list[str]]) -> None:
        seam = self.server
        if path == "/whoami":
            self._json(
                {
                    "account": {"id": 1, "name": "Example"},
                    "token": {
                        "name": "laptop", "kind": "personal", "scopes": ["read"],
                        "expires_at": None,
                    },
                    "projects": [{"id": int(k), "name": v} for k, v in seam.projects.items()],
                    "server": {"version": "0.0"},
                }
            )  # fmt: skip
            return
        match = re.fullmatch(r"/projects/(\w+)/(environments|state)(/.*)?", path)
        if match is None or match[1] not in seam.projects:
            self._fail(404, "No such project.")
        elif match[2] == "environments":
            found = [
                {**value, "state": seam.state_of(key) if key in seam.states else None}
                for key, value in seam.environments.items()
            ]
            self._json({"environments": found})
        else:
            self._state(match[3] or "", query.get("environment_id", [None])[0])

    def _state(self, part: str, environment: str | None) -> None:
        seam = self.server
        key = environment or seam.default_environment()
        if key is None:
            self._fail(404, "No deferral environment defined for project shop.")
        elif key not in seam.environments:
            self._fail(404, "No such environment.")
        elif key not in seam.states:
            name = seam.environments[key]["name"]
            self._fail(404, f"No deploy run has succeeded yet in the environment {name}.")
        elif part == "":
            tag = seam.tag_of(key)
            if self.headers.get("If-None-Match") == tag:
                self._send(304, b"", ETag=tag)
            else:
                self._json(seam.state_of(key), ETag=tag)
        elif part == "/index":
            self._packed(seam.index_of(key), seam.tag_of(key))
        else:
            data = seam.states[key].get(part.rpartition("/")[2])
            if data is None:
                self._fail(404, "No such artifact.")
            else:
                self._packed(data, f'"{hashlib.sha256(data).hexdigest()}"')

    def _ingest(self, path: str, body: bytes) -> None:
        seam = self.server
        if self.command == "POST":
            number = str(len(seam.uploads) + 1)
            environment = path.split("/")[-2]
            if environment not in seam.environments:
                self._fail(404, "No such environment.")
                return
            seam.uploads[number] = bytearray()
            url = f"{seam.url}/upload/{environment}-{number}"
            self._json({"data": {"id": int(number), "upload_url": url}})
        else:
            number = path.rpartition("/")[2]
            assert json.loads(body) == {"upload_status": "SUCCESS"}
            self._take_in(number)
            self._send(204, b"")

    def _take_in(self, number: str) -> None:
        seam = self.server
        with zipfile.ZipFile(io.BytesIO(bytes(seam.uploads[number]))) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        environment = path_environment(seam.asked)
        seam.ingested.append((environment, files))
        if "manifest.json" in files:
            seam.publish(environment, files)

    def _upload(self, name: str, body: bytes) -> None:
        assert "Authorization" not in self.headers
        store = self.server.uploads[name.rpartition("-")[2]]
        if self.command == "GET":
            self._json({"received": len(store)})
            return
        span = re.fullmatch(
            r"bytes (\d+)-(\d+)/(\d+)", self.headers.get("Content-Range") or "bytes 0-0/0"
        )
        assert span is not None
        start = int(span[1])
        assert start <= len(store)
        store[start:] = body
        self._send(200, b"")

    def _json(self, value: Any, **headers: str) -> None:
        self._send(200, json.dumps(value).encode(), **headers)

    def _packed(self, data: bytes, tag: str) -> None:
        if "gzip" in (self.headers.get("Accept-Encoding") or ""):
            self._send(200, gzip.compress(data, 1), ETag=tag, Content_Encoding="gzip")
        else:
            self._send(200, data, ETag=tag)

    def _fail(self, code: int, message: str, **headers: str) -> None:
        status = {
            "code": code, "is_success": False, "user_message": message, "developer_message": "",
        }  # fmt: skip
        self._send(code, json.dumps({"status": status, "data": None}).encode(), **headers)

    def _send(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status != 304:
            self.wfile.write(data)

    def _fault_reset(self, _: int) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def _fault_half_close(self, size: int) -> None:
        self.rfile.read(size)
        self.connection.shutdown(socket.SHUT_WR)
        time.sleep(0.2)

    def _fault_cut(self, size: int) -> None:
        """Take half of an upload in, and break off."""
        name = self.path.rpartition("-")[2]
        store = self.server.uploads[name]
        span = re.match(r"bytes (\d+)-", self.headers.get("Content-Range") or "bytes 0-")
        assert span is not None
        store[int(span[1]) :] = self.rfile.read(size // 2)
        self._fault_reset(0)

    def _fault_silence(self, _: int) -> None:
        time.sleep(30)

    def _fault_loris(self, _: int) -> None:
        with contextlib.suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)

    def _fault_truncated(self, size: int) -> None:
        self.rfile.read(size)
        self.send_response(200)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"account_id": 1, "project"')

    def _fault_junk(self, _: int) -> None:
        self.wfile.write(b"\x16\x03\x01 not http\r\n\r\n")

    def _fault_damaged(self, size: int) -> None:
        self.rfile.read(size)
        self._send(200, b"\x1f\x8b\x08\x00damaged", Content_Encoding="gzip")

    def _fault_captive(self, size: int) -> None:
        self.rfile.read(size)
        self._send(200, CAPTIVE, Content_Type="text/html")

    def _fault_portal(self, size: int) -> None:
        self.rfile.read(size)
        if "/sign-in" in self.path:
            self._fault_captive(0)
        else:
            self._send(302, b"", Location=f"http://localhost:{self.server.server_port}/sign-in")

    def _fault_error(self, size: int) -> None:
        self.rfile.read(size)
        self._send(500, b"<h1>oops</h1>")

    def _fault_unavailable(self, size: int) -> None:
        self.rfile.read(size)
        self._fail(503, "The server is being upgraded.")

    def _fault_busy(self, size: int) -> None:
        self.rfile.read(size)
        self._fail(429, "Too many requests.", Retry_After="0")

    def _fault_forbidden(self, size: int) -> None:
        self.rfile.read(size)
        self._fail(403, "Your role may not read this project.")

    def _fault_elsewhere(self, size: int) -> None:
        self.rfile.read(size)
        self._send(404, b"<h1>nginx</h1>")

    def _fault_other_shape(self, size: int) -> None:
        self.rfile.read(size)
        self._json({"data": {"manifest_href": "x"}}, ETag='"x"')

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


def path_environment(asked: list[tuple[str, str]]) -> str:
    """Return the environment that an ingest was for."""
    path = next(path for method, path in reversed(asked) if "/ingests" in path)
    return path.split("/environments/")[1].split("/")[0]


@contextlib.contextmanager
def seam() -> Iterator[Seam]:
    """Run a server as long as the block lasts."""
    server = Seam()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
