"""Asking web servers, with the standard library: patient, bounded, and careful with credentials.

One call gives a `Reply` of whatever status, or a `Failure` that says why there is none. What may
pass by itself is tried again; a POST only where the caller says that twice is as good as once.
Proxies, trusted certificates and `~/.netrc` are those of the environment that is given. No
redirection leads from an encrypted address to one that is not, and another origin sees none of the
caller's headers.
"""

from __future__ import annotations

import base64
import http.client
import netrc
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from upriver import __version__
from upriver.workspace.package_files.addresses import shown
from upriver.workspace.web.opener import Unfit, UnreadableCertificates, opener_for

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be another one soon."""
_CHUNK = 64 * 1024
_LONGEST_ERROR = 1 << 20
_LONGEST_PAUSE = 5.0
_NOT_MODIFIED = 304


def _go_on() -> None:
    return None


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """For whom is asked, how long to wait, and how much to take."""

    env: Mapping[str, str]
    attempts: int = 3
    pause: float = 0.4
    """Seconds before the second attempt; doubled before each further one."""
    timeout: float = 15.0
    """Seconds without a byte."""
    deadline: float = 300.0
    """Seconds for one answer."""
    limit: int = 1 << 30
    """Bytes an answer may have."""
    check_stop: Callable[[], None] = _go_on
    """Called often; what it raises ends the call."""

    def __repr__(self) -> str:
        # The environment may hold secrets.
        return f"Client(attempts={self.attempts}, timeout={self.timeout})"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of whom. Credentials: those in the URL, else the token, else of `.netrc`."""

    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = {}
    """Seen by the origin of the URL alone."""
    token: str | None = None
    """Sent as a bearer token."""
    uses_netrc: bool = False
    revision: str | None = None
    """An `ETag`: the reply may be that it is still current."""
    is_repeatable: bool = False
    """Of a POST, that twice is as good as once; of other methods that is known."""

    def __repr__(self) -> str:
        return f"Call({self.method} {shown(self.url)})"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the other side said."""

    status: int
    reason: str = ""
    headers: Mapping[str, str] = {}
    """By name in lower case."""
    body: bytes = b""
    """Empty where it went elsewhere; of an error, its first megabyte."""

    @property
    def is_success(self) -> bool:
        """Whether the other side did what was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110

    @property
    def is_unchanged(self) -> bool:
        """Whether the revision that was named is still current."""
        return self.status == _NOT_MODIFIED

    @property
    def is_absent(self) -> bool:
        """Whether there is nothing at that address."""
        return self.status in (404, 410)

    @property
    def may_pass(self) -> bool:
        """Whether asking again later may help."""
        return self.status in PASSING


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no reply; never holds credentials."""

    kind: Literal["address", "redirect", "unreached", "untrusted", "oversize"]
    reason: str

    @property
    def may_pass(self) -> bool:
        """Whether asking again later may help."""
        return self.kind == "unreached"


Sink = Callable[[], Callable[[bytes], object]]
"""Begins anew and returns what takes the bytes of an answer."""


def send(client: Client, call: Call, sink: Sink | None = None) -> Reply | Failure:
    """Ask, and ask again where that may help."""
    repeats = call.method != "POST" or call.is_repeatable
    answer: Reply | Failure = Failure(kind="unreached", reason="it was not asked")
    for attempt in range(client.attempts if repeats else 1):
        if attempt:
            _wait(client, max(client.pause * 2 ** (attempt - 1), _asked_to_wait(answer)))
        client.check_stop()
        answer = _send_once(client, call, sink)
        if not answer.may_pass:
            return answer
    return answer


def _wait(client: Client, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        client.check_stop()
        time.sleep(min(left, 0.1))


def _asked_to_wait(answer: Reply | Failure) -> float:
    said = answer.headers.get("retry-after", "") if isinstance(answer, Reply) else ""
    return min(float(said), _LONGEST_PAUSE) if said.isdecimal() else 0.0


class _Stopped(Exception):  # noqa: N818 - carries an answer
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def _send_once(client: Client, call: Call, sink: Sink | None) -> Reply | Failure:
    try:
        request = _request(call, client.env)
        opener = opener_for(client.env)
        return _open(client, request, opener, sink)
    except UnreadableCertificates as error:
        return Failure(kind="untrusted", reason=str(error))
    except _Stopped as stopped:
        return stopped.failure


def _open(
    client: Client,
    request: urllib.request.Request,
    opener: urllib.request.OpenerDirector,
    sink: Sink | None,
) -> Reply:
    deadline = time.monotonic() + client.deadline
    try:
        response = opener.open(request, timeout=client.timeout)
    except HTTPError as error:
        with error:
            body = _said(error)
        return _reply(error.code, error.reason, error.headers, body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Stopped(_failure(error, client)) from None
    with response:
        pieces: list[bytes] = []
        write = pieces.append if sink is None else sink()
        _take(client, response, write, deadline, is_body_sent=request.get_method() != "HEAD")
        return _reply(response.status, response.reason, response.headers, b"".join(pieces))


def _said(error: HTTPError) -> bytes:
    try:
        return error.read(_LONGEST_ERROR)
    except (OSError, http.client.HTTPException):
        return b""


def _reply(status: int, reason: str, headers: Any, body: bytes) -> Reply:
    named = {str(name).lower(): str(value) for name, value in headers.items()}
    return Reply(status=status, reason=str(reason or ""), headers=named, body=body)


def _take(
    client: Client,
    response: Any,
    write: Callable[[bytes], object],
    deadline: float,
    *,
    is_body_sent: bool,
) -> None:
    taken = 0
    while chunk := _chunk(client, response):
        client.check_stop()
        taken += len(chunk)
        if taken > client.limit:
            reason = f"it sends more than {_size(client.limit)}"
            raise _Stopped(Failure(kind="oversize", reason=reason))
        if time.monotonic() > deadline:
            raise _broken(f"it took longer than {client.deadline:.0f} seconds")
        write(chunk)
    promised = response.headers.get("Content-Length")
    if is_body_sent and promised is not None and promised.isdecimal() and taken < int(promised):
        raise _broken(f"the answer broke off after {taken} of {promised} bytes")


def _chunk(client: Client, response: Any) -> bytes:
    try:
        return bytes(response.read1(_CHUNK))
    except (OSError, http.client.HTTPException) as error:
        raise _Stopped(_failure(error, client)) from None


def _broken(reason: str) -> _Stopped:
    return _Stopped(Failure(kind="unreached", reason=reason))


def _failure(error: Exception, client: Client) -> Failure:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLError):
        return Failure(kind="untrusted", reason=reason.reason or str(reason))
    if isinstance(reason, Unfit):
        return Failure(kind="redirect", reason=str(reason))
    if isinstance(error, ValueError | http.client.InvalidURL):
        return Failure(kind="address", reason=shown(str(error)))
    if isinstance(error, TimeoutError):
        words = f"nothing came for {client.timeout:g} seconds"
    elif isinstance(reason, TimeoutError):
        words = "it did not answer in time"
    elif isinstance(reason, OSError) and reason.strerror:
        words = reason.strerror.lower()
    else:
        words = shown(str(reason)) or type(reason).__name__
    return Failure(kind="unreached", reason=words)


def _size(limit: int) -> str:
    return f"{limit >> 30} GiB" if limit >= 1 << 30 else f"{limit / (1 << 20):g} MiB"


def _request(call: Call, env: Mapping[str, str]) -> urllib.request.Request:
    try:
        parts = urlsplit(call.url)
        host, user = parts.hostname, parts.username
    except ValueError:
        host = user = None
    if not host or parts.scheme not in ("http", "https"):
        reason = "it is no address that begins with http:// or https://"
        raise _Stopped(Failure(kind="address", reason=reason))
    place = parts.netloc.rpartition("@")[2]
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
        urlunsplit(parts._replace(netloc=place, fragment="")),
        data=call.body,
        method=call.method,
        headers={"User-Agent": f"upriver/{__version__}", "Accept-Encoding": "identity"},
    )
    if call.body is not None:
        request.add_unredirected_header("Content-Type", "application/octet-stream")
    if call.revision is not None:
        request.add_header("If-None-Match", call.revision)
    pair = _user_of(user, parts.password, host, call, env)
    if pair is not None:
        encoded = base64.b64encode(":".join(pair).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {encoded}")
    elif call.token:
        request.add_unredirected_header("Authorization", f"Bearer {call.token}")
    for name, value in call.headers.items():
        request.add_unredirected_header(name, value)
    return request


def _user_of(
    user: str | None, password: str | None, host: str, call: Call, env: Mapping[str, str]
) -> tuple[str, str] | None:
    if user is not None:
        return unquote(user), unquote(password or "")
    home = env.get("NETRC") or (f"{env['HOME']}/.netrc" if env.get("HOME") else None)
    if call.token or home is None or not call.uses_netrc:
        return None
    try:
        found = netrc.netrc(home).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return None if found is None else (found[0], found[2] or "")
