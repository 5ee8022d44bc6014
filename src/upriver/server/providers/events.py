"""What a provider's event comes down to, whichever provider sent it (TRG-04, TRG-05)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec

_T = TypeVar("_T")


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a pull request that its checks have to follow."""

    action: Literal["check", "close"]
    number: int
    repository: str
    commit: str
    branch: str
    base: str
    default_branch: str | None = None
    moment: str = ""
    """When it changed, as the provider says: tells a reopening from the opening."""
    is_draft: bool = False
    is_fork: bool = False


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A branch has a new commit."""

    repository: str
    branch: str
    commit: str
    default_branch: str | None = None


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """An event that changes nothing here, and why."""

    why: str


Event = PullRequest | Push | Passed


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that tells a provider how a check stands."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """How a check stands."""

    state: Literal["queued", "running", "success", "failure", "cancelled"]
    commit: str
    name: str
    """Checks of one commit are told apart by it."""
    key: str
    """The same, short and without spaces."""
    description: str
    link: str


class Unreadable(Exception):  # noqa: N818 - what the event is
    """An event whose body is not what its provider sends."""


def decoded(kind: type[_T], body: bytes) -> _T:
    """Read the body of an event; raises Unreadable."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error).partition("\n")[0][:200]) from error


def is_signed(secret: str, header: str | None, body: bytes) -> bool:
    """Whether a header holds `sha256=` and the HMAC of the body."""
    if header is None:
        return False
    made = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(made.encode(), header.strip().lower().encode())


def branch_of(ref: str) -> str | None:
    """Return the branch that a reference names; None for a tag."""
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None
