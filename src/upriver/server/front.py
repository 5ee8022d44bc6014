"""What happens to every request before a route is looked for, and to every answer.

Paths with and without a slash at the end are the same, without a redirect. Answers carry an id that
the log has too, and the headers that tell browsers what not to do (S-19).
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from upriver.server.metrics import Metrics

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_POLICY = b"content-security-policy"
_STRICT = (b"strict-transport-security", b"max-age=31536000")
_log = logging.getLogger("upriver.server.access")
_ID_LENGTH = 8


class Front:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, is_encrypted: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = (*_HEADERS, _STRICT) if is_encrypted else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            scope["path"] = path.rstrip("/") or "/"
            scope["raw_path"] = scope["path"].encode()
        request_id = secrets.token_hex(_ID_LENGTH)
        scope["upriver.request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._with_ours(message["headers"], request_id)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            self._note(scope, status, time.perf_counter() - started, request_id)

    def _with_ours(self, headers: Any, request_id: str) -> list[tuple[bytes, bytes]]:
        given = {name.lower() for name, _ in headers}
        ours = [*self._headers, (b"x-request-id", request_id.encode())]
        if _POLICY not in given:
            ours.append((_POLICY, PAGE_POLICY.encode()))
        if b"cache-control" not in given:
            ours.append((b"cache-control", b"no-store"))
        return [*headers, *(each for each in ours if each[0] not in given)]

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        """Count and log by the route's pattern: paths may hold signed words (S-04)."""
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.request(scope["method"], route, status, seconds)
        client = scope.get("client")
        _log.info(
            json.dumps(
                {
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 2),
                    "address": client[0] if client else None,
                    "request_id": request_id,
                }
            )
        )
