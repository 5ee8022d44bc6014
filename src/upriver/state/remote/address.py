"""What `--state` may name, told apart by its form."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Kind = Literal["local", "http", "object", "git"]

OBJECT_SCHEMES = ("s3", "gs", "az", "abfs", "abfss")
ARTIFACT_SUFFIXES = (".json", ".gz", ".zip")
"""A file or an address that ends so is an artifact or an archive; any other is a folder of them."""
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):(?P<rest>.*)", re.DOTALL)
_USER = re.compile(r"(?<=://)[^/@\s]+@")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where state is."""

    kind: Kind
    text: str
    """As given; for git, the revision."""

    @property
    def shown(self) -> str:
        """The address without a user's name and password, for messages."""
        text = _USER.sub("", self.text)
        text = text.partition("?")[0]
        return f"git:{text}" if self.kind == "git" else text


def read_address(text: str) -> Address:
    """Tell a path from a URL, an object store and a git revision.

    A Windows path (a drive, a colon) has a scheme of one letter and is a path.
    """
    match = _SCHEME.fullmatch(text)
    scheme = "" if match is None else match["scheme"]
    if match is not None and scheme == "git":
        return Address(kind="git", text=match["rest"])
    if scheme in ("http", "https"):
        return Address(kind="http", text=text)
    if scheme in OBJECT_SCHEMES:
        return Address(kind="object", text=text)
    return Address(kind="local", text=text)


def is_local(text: str) -> bool:
    """Whether a state option names a path."""
    return read_address(text).kind == "local"
