"""`docs serve`: the site and its data over HTTP, for people on this machine (CLI-57, CLI-127).

Only the site's own files and the artifacts it shows are answered, not all of the target directory,
which may hold compiled code with secrets in it.
"""

from __future__ import annotations

import mimetypes
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from upriver.problems import Problem, ProblemsError
from upriver.project.docs.bundle import DATA, FOLDER, INDEX, site_files
from upriver.project.events import Said
from upriver.project.opened import OpenedProject, with_project
from upriver.project.outcome import Outcome
from upriver.project.requests import DocsServe
from upriver.run.stop import Stop

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080
_EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on
_LOOK_AGAIN = 0.25
"""Seconds between looks at whether somebody asked to stop."""
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is served."""

    target_path: str
    asset_paths: tuple[str, ...] = ()


def make_server(shown: Shown, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that listens; raises OSError where it cannot."""

    class Handler(_Handler):
        site = site_files()
        content = shown

    return ThreadingHTTPServer((host, port), Handler)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    site: dict[str, bytes]
    content: Shown
    protocol_version = "HTTP/1.1"
    server_version = "upriver"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Send a file."""
        self._answer(has_body=True)

    def do_HEAD(self) -> None:
        """Send what would be sent with a file."""
        self._answer(has_body=False)

    def log_message(self, *_: Any) -> None:
        """Be silent: a page is several requests, and nobody asked."""

    def _answer(self, *, has_body: bool) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/") or INDEX
        data = self._read(path)
        if data is None:
            self.send_error(404)
            return
        kind = _TYPES.get(os.path.splitext(path)[1]) or mimetypes.guess_type(path)[0]
        kind = kind or "application/octet-stream"
        is_text = kind.startswith("text/") or kind == "application/json"
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if is_text else kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.send_header("Referrer-Policy", "same-origin")
        self.end_headers()
        if has_body:
            self.wfile.write(data)

    def _read(self, path: str) -> bytes | None:
        name = path.removeprefix(f"{FOLDER}/")
        if path == INDEX or (name != path and name in self.site):
            return self.site.get(name)
        if path in DATA or self._is_asset(path):
            try:
                with open(os.path.join(self.content.target_path, path), "rb") as file:
                    return file.read()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None
        return None

    def _is_asset(self, path: str) -> bool:
        """Whether a path leads into a copied asset directory and not out of it again."""
        whole = os.path.realpath(os.path.join(self.content.target_path, path))
        return any(
            whole.startswith(
                os.path.realpath(os.path.join(self.content.target_path, folder)) + os.sep
            )
            for folder in self.content.asset_paths
        )


def serve_until(server: ThreadingHTTPServer, stop: Stop) -> None:
    """Answer until somebody asks to stop."""
    server.timeout = _LOOK_AGAIN
    server.daemon_threads = True
    try:
        while not stop.is_requested:
            server.handle_request()
    finally:
        server.server_close()


def _serve(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, DocsServe)  # noqa: S101 - the table of verbs
    host = DEFAULT_HOST if request.host is None else request.host
    port = DEFAULT_PORT if request.port is None else request.port
    if not os.path.exists(os.path.join(opened.target_path, "manifest.json")):
        raise ProblemsError((_nothing_to_serve(opened.target_path),))
    shown = Shown(
        target_path=opened.target_path, asset_paths=opened.workspace.settings.asset_paths
    )
    try:
        server = make_server(shown, host, port)
    except (OSError, OverflowError) as error:
        raise ProblemsError((_not_listening(host, port, error),)) from error
    address = _address(host, server.server_address[1])
    opened.listener(Said(text=f"Serving docs at {server.server_address[1]}"))
    opened.listener(Said(text=f"To access from your browser, navigate to: {address}"))
    opened.listener(Said(text="Press Ctrl+C to exit."))
    if request.browser is not False:
        _open_browser(address)
    serve_until(server, opened.caller.stop)
    return opened.outcome()


def _address(host: str, port: int) -> str:
    name = "localhost" if host in _EVERYWHERE or host == DEFAULT_HOST else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _open_browser(address: str) -> None:
    # Needed only here, and it looks through the machine for browsers.
    import webbrowser

    webbrowser.open_new_tab(address)


def _nothing_to_serve(target_path: str) -> Problem:
    return Problem(
        code="docs-missing",
        message=f"There is no `manifest.json` in `{target_path}`",
        hint="`upriver docs generate` writes the documentation",
    )


def _not_listening(host: str, port: int, error: Exception) -> Problem:
    return Problem(
        code="docs-port-taken",
        message=f"Cannot listen on {host}:{port}: {error}",
        hint="`--port` names another port; 0 takes a free one",
    )


docs_serve = with_project("serve", _serve)
