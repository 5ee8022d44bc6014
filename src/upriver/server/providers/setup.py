"""Saying where a project's pull requests are; secret and token are sealed."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, Row, delete, select

from upriver.server.audit import Actor, record
from upriver.server.db.outgoing_tables import provider_events, providers
from upriver.server.moments import now
from upriver.server.providers.known import KINDS, provider_named
from upriver.server.refusals import UNPROCESSABLE, Refused
from upriver.server.sealing import Sealer

_REPOSITORY: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)+\Z", re.ASCII)
_LONGEST: Final = 512
_LONGEST_SECRET: Final = 256
_SHORTEST_SECRET: Final = 16


class ProviderBody(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as it is set up."""

    kind: str
    """`github`, `gitlab` or `bitbucket`."""
    repository: str
    """As the provider names it, such as `team/shop`."""
    api_url: str | None = None
    """Of the provider's interface; None: of its public site."""
    token: str | None = None
    """What may set statuses of commits; None: none is set, or it stays as it is."""
    secret: str | None = None
    """Signs events; None: it stays as it is, and the first one is made up."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of a provider."""

    secret: str
    token: str | None = None


def set_provider(
    connection: Connection,
    actor: Actor,
    sealer: Sealer,
    project: Row[Any],
    body: ProviderBody,
    link_base: str,
) -> str | None:
    """Write a project's provider; returns the secret of its events when it is a new one."""
    api_url = _checked(body)
    before = provider_of(connection, project.id)
    kept = None if before is None else words_of(sealer, before)
    secret = body.secret or (secrets.token_hex(32) if kept is None else kept.secret)
    token = body.token
    is_same_place = before is not None and (before.kind, before.api_url) == (body.kind, api_url)
    if token is None and kept is not None and is_same_place:
        # A token never follows an address that somebody changed.
        token = kept.token
    values = {
        "account_id": project.account_id, "kind": body.kind, "api_url": api_url,
        "repository": body.repository, "link_base": link_base, "updated_at": now(),
        "sealed": sealer.seal(json.dumps({"secret": secret, "token": token})),
    }  # fmt: skip
    connection.execute(delete(providers).where(providers.c.project_id == project.id))
    connection.execute(providers.insert().values(project_id=project.id, **values))
    record(
        connection, actor, "provider.changed", on=("project", project.id),
        detail={"kind": body.kind, "api_url": api_url, "repository": body.repository},
    )  # fmt: skip
    return None if kept is not None and kept.secret == secret else secret


def remove_provider(connection: Connection, actor: Actor, project_id: int) -> None:
    """Forget a project's provider."""
    connection.execute(delete(provider_events).where(provider_events.c.project_id == project_id))
    connection.execute(delete(providers).where(providers.c.project_id == project_id))
    record(connection, actor, "provider.removed", on=("project", project_id))


def provider_of(connection: Connection, project_id: int) -> Row[Any] | None:
    """Return the row of a project's provider."""
    return connection.execute(
        select(providers).where(providers.c.project_id == project_id)
    ).one_or_none()


def words_of(sealer: Sealer, provider: Row[Any]) -> Words:
    """Return the secret and the token; raises SealBroken."""
    return msgspec.convert(json.loads(sealer.open(provider.sealed)), Words)


def shown_provider(sealer: Sealer, provider: Row[Any]) -> Mapping[str, Any]:
    """Return a provider without its secrets."""
    return {
        "kind": provider.kind,
        "api_url": provider.api_url,
        "repository": provider.repository,
        "has_token": words_of(sealer, provider).token is not None,
        "events_url": f"{provider.link_base}/api/upriver/v1/projects/{provider.project_id}"
        "/provider/events",
    }


def _checked(body: ProviderBody) -> str:
    if body.kind not in KINDS:
        raise Refused(UNPROCESSABLE, f"`kind` is none of {', '.join(KINDS)}.")
    if not _REPOSITORY.match(body.repository) or len(body.repository) > _LONGEST:
        raise Refused(UNPROCESSABLE, "`repository` is no path such as `team/shop`.")
    api_url = (body.api_url or provider_named(body.kind).USUAL_URL).rstrip("/")
    parts = urlsplit(api_url)
    is_address = parts.scheme in ("https", "http") and parts.hostname and not parts.username
    if not is_address or not api_url.isprintable() or parts.query or parts.fragment:
        raise Refused(UNPROCESSABLE, "`api_url` is no address that begins with https://.")
    for name in ("token", "secret"):
        word = getattr(body, name)
        if word is not None and not (word.isascii() and word.isprintable() and word.strip()):
            raise Refused(UNPROCESSABLE, f"`{name}` is no plain text.")
    if body.secret is not None and not _SHORTEST_SECRET <= len(body.secret) <= _LONGEST_SECRET:
        raise Refused(
            UNPROCESSABLE,
            f"`secret` does not have {_SHORTEST_SECRET} to {_LONGEST_SECRET} characters.",
        )
    return api_url
