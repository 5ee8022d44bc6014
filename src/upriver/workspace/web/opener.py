"""How web addresses are reached: proxies, trusted certificates, redirections."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from upriver.workspace.package_files.addresses import shown

_OF_ONE_MESSAGE = frozenset({"Host", "Content-length", "Content-type", "Transfer-encoding"})


class UnreadableCertificates(OSError):  # noqa: N818 - a reason
    """What the environment names as trusted cannot be read."""


class Unfit(OSError):  # noqa: N818 - a reason
    """Where a redirection leads is no place to go to."""


def opener_for(env: Mapping[str, str]) -> urllib.request.OpenerDirector:
    """Return what opens HTTP addresses and no others, as an environment wants it.

    Raises UnreadableCertificates.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Proxies(env),
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
    try:
        if Path(given).is_dir():
            return ssl.create_default_context(capath=given)
        return ssl.create_default_context(cafile=given)
    except OSError as error:
        reason = f"the certificates in `{given}` cannot be read: {error.strerror or error}"
        raise UnreadableCertificates(reason) from None


class _Proxies(urllib.request.ProxyHandler):
    """The proxies of an environment, and the hosts that are reached without one."""

    def __init__(self, env: Mapping[str, str]) -> None:
        lower = {name.lower(): value for name, value in env.items() if value}
        named = {s: lower[f"{s}_proxy"] for s in ("http", "https") if f"{s}_proxy" in lower}
        self._around = {"no": lower.get("no_proxy", "")}
        super().__init__(named)

    def proxy_open(self, req: urllib.request.Request, proxy: str, type: str) -> Any:  # noqa: A002
        bypass = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]
        if req.host and bypass(req.host, self._around):
            return None
        return super().proxy_open(req, proxy, type)


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections; what the caller says of itself is for one origin."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme not in ("http", "https"):
            raise URLError(Unfit(f"redirected to `{shown(newurl)}`, which is no web address"))
        if old.scheme == "https" and new.scheme != "https":
            raise URLError(Unfit(f"redirected to `{shown(newurl)}`, which is not encrypted"))
        follow = super().redirect_request(req, fp, code, msg, headers, newurl)
        if follow is not None and (old.scheme, old.netloc) == (new.scheme, new.netloc):
            for name, value in req.unredirected_hdrs.items():
                if name not in _OF_ONE_MESSAGE:
                    follow.add_unredirected_header(name, value)
        return follow
