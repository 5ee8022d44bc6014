"""What `--state` may name, told apart by its form."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Kind = Literal["local", "http", "object", "git", "server", "warehouse"]

SERVER = "server"
"""Scheme of the server that the project is linked to; alone, of the environment it chooses."""
OBJECT_SCHEMES = ("s3", "gs", "az", "abfs", "abfss")
PRODUCTION = ("prod", "production", "prd")
"""Names that production's target usually has, best first."""
ARTIFACT_SUFFIXES = (".json", ".gz", ".zip")
"""A file or an address that ends so is an artifact or an archive; any other is a folder of them."""
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):(?P<rest>.*)", re.DOTALL)
_NAMED = frozenset({"git", SERVER, "warehouse"})
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<rest>[^\s'\"]*)")
_HOST = re.compile(r"[^/?#]*")
_PORT = re.compile(r"[^:]*(?::\d*)?|\[[0-9a-fA-F:.]*\](?::\d*)?")
_SECRET_PART = re.compile(
    r"(?P<name>[^=&?]*(?:sig|token|key|secret|credential|password|passwd|pwd|auth)[^=&]*)=[^&#]*",
    re.IGNORECASE,
)
REDACTED = "***"
"""Stands for credentials wherever an address is written down."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where state is."""

    kind: Kind
    text: str
    """As given; for git, the revision; for the linked server, the environment; for the warehouse,
    the target or schema."""

    @property
    def shown(self) -> str:
        """The address without a user's name and password, for messages."""
        text = secret_free(self.text).replace(f"{REDACTED}@", "").partition("?")[0]
        return f"{self.kind}:{text}" if self.kind in _NAMED else text


def read_address(text: str) -> Address:
    """Tell a path from a URL, an object store and a git revision.

    A Windows path (a drive, a colon) has a scheme of one letter and is a path.
    """
    match = _SCHEME.fullmatch(text)
    scheme = "" if match is None else match["scheme"]
    if match is not None and scheme == "git":
        return Address(kind="git", text=match["rest"])
    if match is not None and scheme == SERVER:
        return Address(kind="server", text=match["rest"])
    if match is not None and scheme == "warehouse":
        return Address(kind="warehouse", text=match["rest"])
    if scheme in ("http", "https"):
        return Address(kind="http", text=text)
    if scheme in OBJECT_SCHEMES:
        return Address(kind="object", text=text)
    return Address(kind="local", text=text)


def is_local(text: str) -> bool:
    """Whether a state option names a path."""
    return read_address(text).kind == "local"


def is_of_server(text: str | None) -> bool:
    """Whether a state option names the linked server."""
    return text is not None and text.startswith(f"{SERVER}:")


def secret_free(text: str) -> str:
    """Return a text with the credentials blanked in every address that stands in it."""
    if "://" not in text:
        return text
    return _URL.sub(lambda match: match["scheme"] + _without_secrets(match["rest"]), text)


def secrets_in(text: str) -> frozenset[str]:
    """Return the credentials that addresses in a text hold: names with passwords, and parameters."""
    found: set[str] = set()
    for match in _URL.finditer(text):
        user = _user(match["rest"])
        found |= {user, user.partition(":")[2]}
        parameters = match["rest"].partition("?")[2]
        found |= {part[0].partition("=")[2] for part in _SECRET_PART.finditer(parameters)}
    return frozenset(found - {""})


def _without_secrets(rest: str) -> str:
    user = _user(rest)
    if user:
        rest = f"{REDACTED}@{rest[len(user) + 1 :]}"
    place, mark, parameters = rest.partition("?")
    return place + mark + _SECRET_PART.sub(rf"\g<name>={REDACTED}", parameters)


def _user(rest: str) -> str:
    """Return what stands before the host. A password may hold what it should not: `@` and `/`."""
    host = _HOST.match(rest)
    authority = "" if host is None else host[0]
    if "@" in authority:
        return authority.rpartition("@")[0]
    if _PORT.fullmatch(authority) is None:
        return rest.partition("?")[0].rpartition("@")[0]
    return ""
