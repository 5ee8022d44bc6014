"""A registry of packages on a loopback port, which can be told to fail in every way."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import tarfile
import threading
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


def archive_of(files: Mapping[str, str], top: str = "package-1") -> bytes:
    """A `.tar.gz` with everything below one directory."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, text in files.items():
            body = text.encode()
            member = tarfile.TarInfo(f"{top}/{name}" if top else name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return data.getvalue()


class PackageServer:
    """Answers as dbt's registry does, and counts what it is asked."""

    def __init__(self) -> None:
        self.packages: dict[str, dict[str, Any]] = {}
        self.bodies: dict[str, bytes] = {}
        self.faults: dict[str, str] = {}
        """By path: `fail`, `fail once`, `truncate`, `corrupt`, `slow`, `refuse`, or an address
        to redirect to."""
        self.requests: list[str] = []
        self.headers: list[Mapping[str, str]] = []

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(
        self,
        package: str,
        version: str,
        *,
        needs: Sequence[Mapping[str, Any]] = (),
        files: Mapping[str, str] | None = None,
        require: Sequence[str] | None = None,
        **more: Any,
    ) -> None:
        """Publish a version of a package."""
        name = package.partition("/")[2]
        path = f"archives/{package}/{version}.tar.gz"
        project = f"name: {name}\nversion: {version}\n"
        # dbt does not find the root of an archive that holds one file.
        texts = {"README.md": package, "dbt_project.yml": project, **(files or {})}
        self.bodies[path] = archive_of(texts, f"{name}-{version}")
        body = self.packages.setdefault(
            package, {"name": name, "namespace": package.partition("/")[0], "versions": {}}
        )
        body.update(more)
        body["versions"][version] = {
            "name": name,
            "version": version,
            "packages": list(needs),
            "downloads": {"tarball": f"{self.url}{path}", "format": "tgz", "sha1": "0"},
            **({} if require is None else {"require_dbt_version": list(require)}),
        }

    def answer(self, path: str) -> bytes | None:
        if path == "api/v1/index.json":
            return json.dumps(sorted(self.packages)).encode()
        name = path.removeprefix("api/v1/").removesuffix(".json")
        if name in self.packages:
            return json.dumps(self.packages[name]).encode()
        return self.bodies.get(path)

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                path = self.path.lstrip("/").partition("?")[0]
                server.requests.append(path)
                server.headers.append(dict(self.headers))
                fault = server.faults.get(path, "")
                if fault.startswith("http"):
                    self.send_response(302)
                    self.send_header("Location", fault)
                    self.end_headers()
                elif fault.startswith("fail"):
                    if fault == "fail once":
                        del server.faults[path]
                    self.send_error(503)
                elif fault == "refuse":
                    self.send_error(401)
                else:
                    self._send(server.answer(path), fault)

            def _send(self, body: bytes | None, fault: str) -> None:
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if fault == "truncate":
                    body = body[: len(body) // 2]
                elif fault == "corrupt":
                    body = body[:20] + bytes(255 - byte for byte in body[20:])
                elif fault == "slow":
                    self.wfile.write(body[:1])
                    time.sleep(1)
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

        return Handler


def git(root: Path, *words: str) -> str:
    """Run git in a directory, away from the machine's configuration."""
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": f"{what.lower()}@example.com"
           for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip
    done = subprocess.run(
        ["git", *words], check=False, cwd=root, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(root: Path, *versions: Mapping[str, str], name: str = "from_git") -> Path:
    """A repository with a commit and a tag `v1`, `v2`, .. for each set of files."""
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    for number, files in enumerate(versions or ({},), start=1):
        for path, text in {"dbt_project.yml": f"name: {name}\n", **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        git(root, "add", ".")
        git(root, "commit", "-q", "--allow-empty", "-m", f"version {number}")
        git(root, "tag", f"v{number}")
    return root
