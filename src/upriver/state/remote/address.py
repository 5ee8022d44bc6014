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
_USER = re.compile(r"(?<=://)[^/@\s]+@")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where state is."""

    kind: Kind
    text: str
    """As given; for git, the revision; for the linked server, the environment; for the warehouse,
    the target or schema."""

    @property
    def shown(self) -> str:
        """The address without a user's name and password, for messages."""
        text = _USER.sub("", self.text)
        text = text.partition("?")[0]
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
