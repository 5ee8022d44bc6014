"""The providers there are, by the names they are set up with."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Final, Protocol, cast

from upriver.server.providers import bitbucket, github, gitlab
from upriver.server.providers.events import Call, Check, Event


class Provider(Protocol):
    """What each of them says."""

    USUAL_URL: str
    """Of its interface, unless it is one's own."""
    NUMBER_FIELD: str
    """What a trigger calls the number of a pull request of it (platform.md 6.5)."""

    def is_genuine(self, secret: str, headers: Mapping[str, str], body: bytes, /) -> bool:
        """Whether an event was sent by who knows the secret."""

    def read(self, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """Read an event; raises Unreadable."""

    def status_call(self, api_url: str, repository: str, token: str, check: Check) -> Call:
        """Return the request that sets a commit's status."""


_MODULES: Final[Mapping[str, ModuleType]] = {
    "github": github, "gitlab": gitlab, "bitbucket": bitbucket,
}  # fmt: skip
KINDS: Final = tuple(_MODULES)


def provider_named(kind: str) -> Provider:
    """Return a provider; raises KeyError."""
    return cast("Provider", _MODULES[kind])
