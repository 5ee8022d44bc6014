"""Asking a web server, with the standard library: patient, bounded, and careful with credentials."""

from __future__ import annotations

import base64
import http.client
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit

from upriver import __version__
from upriver.workspace.package_files.addresses import shown
from upriver.workspace.package_sources.setting import MEBIBYTE, Setting, SourceError

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_ABSENT = frozenset({404, 410})
_CHUNK = 64 * 1024
_NETWORK_HINT = "Check the network, and `HTTPS_PROXY` where there is a proxy"


class _Again(Exception):  # noqa: N818 - says what to do
    """An attempt failed in a way that another may not."""


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, never from an encrypted address to one that is not."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise URLError(f"redirected to `{shown(newurl)}`, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def get(url: str, setting: Setting, limit: int = 64 * MEBIBYTE) -> bytes:
    """Return what a URL answers; raises SourceError."""
    parts: list[bytes] = []

    def begin() -> Callable[[bytes], object]:
        parts.clear()
        return parts.append

    _attempt(url, setting, limit, begin)
    return b"".join(parts)


def download(url: str, path: Path, setting: Setting) -> None:
    """Save what a URL answers to a file, which is not there if that fails; raises SourceError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            _attempt(url, setting, setting.patience.largest_download, lambda: _rewound(file))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _rewound(file: BinaryIO) -> Callable[[bytes], object]:
    file.seek(0)
    file.truncate()
    return file.write


Sink = Callable[[], Callable[[bytes], object]]
"""Begins anew and returns what takes the bytes."""


def _attempt(url: str, setting: Setting, limit: int, sink: Sink) -> None:
    patience = setting.patience
    for attempt in range(patience.attempts):
        setting.check_stop()
        try:
            _read(url, setting, limit, sink())
        except _Again as error:
            if attempt + 1 == patience.attempts:
                raise _unreachable(url, str(error)) from None
            _pause(patience.pause * 2**attempt, setting)
        else:
            return


def _pause(seconds: float, setting: Setting) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        setting.check_stop()
        time.sleep(min(left, 0.1))


def _read(url: str, setting: Setting, limit: int, write: Callable[[bytes], object]) -> None:
    request, opener = _prepared(url, setting.env)
    deadline = time.monotonic() + setting.patience.deadline
    try:
        with opener.open(request, timeout=setting.patience.timeout) as answer:
            expected = answer.headers.get("Content-Length")
            taken = 0
            while chunk := answer.read1(_CHUNK):
                setting.check_stop()
                taken += len(chunk)
                if taken > limit:
                    raise _too_large(url, limit)
                if time.monotonic() > deadline:
                    raise _Again(f"it took longer than {setting.patience.deadline:.0f} seconds")
                write(chunk)
            if expected is not None and expected.isdigit() and taken < int(expected):
                raise _Again(f"the answer broke off after {taken} of {expected} bytes")
    except HTTPError as error:
        with error:
            raise _refused(url, error.code, error.reason) from None
    except ssl.SSLError as error:
        raise _untrusted(url, error) from None
    except URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            raise _untrusted(url, error.reason) from None
        raise _Again(_words(error.reason)) from None
    except TimeoutError:
        raise _Again(f"nothing came for {setting.patience.timeout:g} seconds") from None
    except (OSError, http.client.HTTPException) as error:
        raise _Again(_words(error)) from None


def _words(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return "it did not answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return str(reason) or type(reason).__name__


def _prepared(
    url: str, env: Mapping[str, str]
) -> tuple[urllib.request.Request, urllib.request.OpenerDirector]:
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username
    except ValueError:
        host = user = None
    if not host or parts.scheme not in ("http", "https"):
        raise SourceError(
            code="package-address-invalid",
            message=f"`{shown(url)}` is no address that begins with http:// or https://",
        )
    place = parts.netloc.rpartition("@")[2]
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
        urlunsplit(parts._replace(netloc=place, fragment="")),
        headers={"User-Agent": f"upriver/{__version__}", "Accept-Encoding": "identity"},
    )
    if user is not None:
        both = f"{unquote(user)}:{unquote(parts.password or '')}"
        token = base64.b64encode(both.encode()).decode()
        # Not sent on to where a redirect leads.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request, _opener(host, env)


def _opener(host: str, env: Mapping[str, str]) -> urllib.request.OpenerDirector:
    """Return what opens HTTP addresses and no others, by way of the environment's proxies."""
    lower = {name.lower(): value for name, value in env.items() if value}
    proxies = {s: lower[f"{s}_proxy"] for s in ("http", "https") if f"{s}_proxy" in lower}
    around = urllib.request.proxy_bypass_environment(host, {"no": lower.get("no_proxy", "")})  # type: ignore[attr-defined]
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if around else proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=_trust(env)),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _CarefulRedirects(),
    ):
        opener.add_handler(handler)
    return opener


def _trust(env: Mapping[str, str]) -> ssl.SSLContext:
    """Return who is trusted; the variables are those of dbt's HTTP library."""
    given = env.get("REQUESTS_CA_BUNDLE") or env.get("CURL_CA_BUNDLE") or env.get("SSL_CERT_FILE")
    if not given:
        return ssl.create_default_context()
    if Path(given).is_dir():
        return ssl.create_default_context(capath=given)
    return ssl.create_default_context(cafile=given)


def _refused(url: str, status: int, reason: str) -> Exception:
    said = f"{status} {reason}".strip()
    if status in _AGAIN:
        return _Again(f"it answered {said}")
    code = "package-source-unreachable"
    hint = None
    if status in _ABSENT:
        code = "package-not-found"
    elif status in (401, 403, 407):
        hint = "Give credentials in the address: `https://{{ env_var('DBT_ENV_SECRET_...') }}@...`"
    return SourceError(code=code, message=f"`{shown(url)}` answered {said}", hint=hint)


def _unreachable(url: str, reason: str) -> SourceError:
    return SourceError(
        code="package-source-unreachable",
        message=f"`{shown(url)}` cannot be reached: {shown(reason)}",
        hint=_NETWORK_HINT,
        is_unreachable=True,
    )


def _untrusted(url: str, error: ssl.SSLError) -> SourceError:
    return SourceError(
        code="package-source-unreachable",
        message=f"`{shown(url)}` cannot be trusted: {error.reason or error}",
        hint="`REQUESTS_CA_BUNDLE` names a file with certificates to trust",
    )


def _too_large(url: str, limit: int) -> SourceError:
    return SourceError(
        code="package-archive-refused",
        message=f"`{shown(url)}` is larger than {limit // MEBIBYTE} MiB",
        hint="A package holds text files only; check that the address is right",
    )
