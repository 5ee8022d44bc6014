"""Calls to addresses that users gave: no way into the own network, no redirects (S-21).

A name is resolved once, every address it has is checked, and the connection goes to the one that
was checked, so that a second answer of the name server changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

_SECONDS: Final = 10.0
_PORTS: Final = {"https": 443, "http": 80}
_MOST_READ: Final = 65_536

Resolve = Callable[[str, int], list[str]]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call: a status, or a problem."""

    status: int | None = None
    problem: str | None = None


def addresses_of(host: str, port: int) -> list[str]:
    """Ask the name server."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Collection[str] = (),
    resolve: Resolve = addresses_of,
) -> Answer:
    """Send a body; `allowed` are networks of ours that may be called all the same."""
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in _PORTS or host is None or parts.username or parts.password:
        return Answer(problem="The address is not an http or https one without a password")
    try:
        port = parts.port or _PORTS[parts.scheme]
        addresses = resolve(host, port)
    except (OSError, ValueError, UnicodeError):
        return Answer(problem=f"The name `{host}` has no address")
    refused = next((one for one in addresses if not _may_call(one, allowed)), None)
    if refused is not None or not addresses:
        return Answer(problem=f"`{host}` is {refused}, which is not a public address")
    return _send(url, host, addresses[0], body, headers)


def _send(url: str, host: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    target = httpx.URL(url).copy_with(host=address)
    named = {**headers, "Host": urlsplit(url).netloc, "Content-Type": "application/json"}
    try:
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST", target, content=body, headers=named,
                extensions={"sni_hostname": host},
            ) as response,
        ):  # fmt: skip
            read = 0
            for piece in response.iter_raw():
                read += len(piece)
                if read > _MOST_READ:
                    break
            return Answer(status=response.status_code)
    except httpx.HTTPError as error:
        return Answer(problem=f"{type(error).__name__} while calling `{host}`")


def _may_call(address: str, allowed: Collection[str]) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    real = inner or ip
    if any(real in ipaddress.ip_network(network) for network in allowed):
        return True
    return real.is_global and not real.is_multicast
