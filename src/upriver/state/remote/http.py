"""State from a web server: one request with the revision known so far (RFC 9110, section 13).

`UPRIVER_STATE_TOKEN` is sent as a bearer token, or a name and password of the address, or of
`~/.netrc`, as basic authentication. A redirection to another host gets none of them.
"""

from __future__ import annotations

import base64
import http.client
import netrc
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from upriver.state.remote.answer import Absent, Answer, Content, Unchanged, Unreachable
from upriver.state.remote.archive import LIMIT

TIMEOUT = 15.0
"""Seconds without an answer, or without more of it."""
ATTEMPTS = 3
_GONE, _NOT_FOUND, _NOT_MODIFIED = 410, 404, 304
_SERVER_ERRORS = 500
_TOO_MANY = 429
_PAUSE = 0.2
_PIECE = 1 << 20


def get(url: str, revision: str | None, env: Mapping[str, str]) -> Answer:
    """Fetch a URL unless it is still what `revision` names; server errors are tried again."""
    answer: Answer = Unreachable("it was not asked")
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE * 2**attempt)
        answer = _get_once(url, revision, env)
        if not isinstance(answer, Unreachable) or answer.is_refusal:
            return answer
    return answer


def _get_once(url: str, revision: str | None, env: Mapping[str, str]) -> Answer:
    bare, headers = _address_and_headers(url, env)
    if revision is not None:
        headers["If-None-Match"] = revision
    request = urllib.request.Request(bare, headers=headers)  # noqa: S310 - http and https only
    opener = urllib.request.build_opener(_Guarded)
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            data = _read(response)
            found = response.headers.get("ETag")
    except urllib.error.HTTPError as error:
        error.close()
        return _refused(error.code, error.reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return Unreachable(str(reason) or type(error).__name__)
    return Content(data=data, revision=found)


def _read(response: http.client.HTTPResponse) -> bytes:
    pieces, size = [], 0
    while piece := response.read(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > LIMIT:
            message = f"it sends more than {LIMIT >> 30} GiB"
            raise ValueError(message)
    wanted = response.headers.get("Content-Length")
    if wanted is not None and wanted.isdigit() and size < int(wanted):
        raise http.client.IncompleteRead(b"", int(wanted) - size)
    return b"".join(pieces)


def _refused(code: int, reason: str) -> Answer:
    if code == _NOT_MODIFIED:
        return Unchanged()
    if code in (_NOT_FOUND, _GONE):
        return Absent()
    is_final = code < _SERVER_ERRORS and code != _TOO_MANY
    return Unreachable(f"it answers {code} {reason}", is_refusal=is_final)


def _address_and_headers(url: str, env: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    headers = {"Accept-Encoding": "identity", "User-Agent": "upriver"}
    host = parts.netloc.rpartition("@")[2]
    token = env.get("UPRIVER_STATE_TOKEN")
    pair = _user_of(parts.username, parts.password, parts.hostname, env)
    if parts.username is None and token:
        headers["Authorization"] = f"Bearer {token}"
    elif pair is not None:
        encoded = base64.b64encode(":".join(pair).encode()).decode()
        headers["Authorization"] = f"Basic {encoded}"
    return urlunsplit(parts._replace(netloc=host, fragment="")), headers


def _user_of(
    user: str | None, password: str | None, host: str | None, env: Mapping[str, str]
) -> tuple[str, str] | None:
    if user is not None:
        return unquote(user), unquote(password or "")
    home = env.get("NETRC") or (f"{env['HOME']}/.netrc" if env.get("HOME") else None)
    if home is None or host is None:
        return None
    try:
        found = netrc.netrc(home).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return None if found is None else (found[0], found[2] or "")


class _Guarded(urllib.request.HTTPRedirectHandler):
    """Follows redirections, and keeps credentials from other hosts."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage | Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            return None
        follow = super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]
        if follow is not None and urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            follow.remove_header("Authorization")
        return follow
