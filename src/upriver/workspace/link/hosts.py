"""Hosts as people write them, told apart as addresses to which a token may go."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<place>(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?)/*"
)
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
_LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?")
_HOSTED = (".getdbt.com", ".dbt.com")


def address_of(host: str) -> str | None:
    """Return the address of a host, encrypted unless it says otherwise; None if it is no host."""
    match = _ADDRESS.fullmatch(host.strip().lower())
    if match is None:
        return None
    scheme = match["scheme"] or "https"
    return f"{scheme}://{match['place'].removesuffix(_DEFAULT_PORTS[scheme])}"


def place_of(address: str) -> str:
    """Return the host and port of an address."""
    return address.partition("://")[2]


def agree(written: str, known: str) -> bool:
    """Whether a host as written means a known address: without a scheme, any of that place."""
    address, other = address_of(written), address_of(known)
    if address is None or other is None:
        return False
    if "://" in written or "://" not in known:
        return address == other
    return place_of(address) == place_of(other)


def is_loopback(address: str) -> bool:
    """Whether an address is on this machine, so that nobody can listen on the way."""
    return _LOOPBACK.fullmatch(place_of(address)) is not None


def is_hosted(address: str) -> bool:
    """Whether an address is the vendor's platform, which has no such service."""
    return f".{place_of(address)}".endswith(_HOSTED)
