"""Providers of git: set up by whoever may write a project, and heard at an address of their own."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select

from upriver.server.api.caller import (
    Caller,
    Id,
    acting,
    address_of,
    body_of,
    described,
    here,
    open_to_all,
    read_body,
)
from upriver.server.api.envelope import as_json
from upriver.server.api.private import base_url
from upriver.server.audit import Actor
from upriver.server.db.tables import projects
from upriver.server.environments import ACTIVE, project_for
from upriver.server.moments import now
from upriver.server.providers.events import Unreadable
from upriver.server.providers.known import provider_named
from upriver.server.providers.react import Outcome, is_new, react
from upriver.server.providers.setup import (
    ProviderBody,
    provider_of,
    remove_provider,
    set_provider,
    shown_provider,
    words_of,
)
from upriver.server.refusals import TOO_MANY, UNAUTHORIZED, UNPROCESSABLE, Refused, not_found
from upriver.server.sealing import SealBroken

router = APIRouter(prefix="/api/upriver/v1/projects/{project_id}/provider", tags=["upriver"])
_LARGEST: Final = 5 << 20
"""Of an event: pushes name every commit."""
_BAD_PER_MINUTE: Final = 60


@router.put("", openapi_extra=described(ProviderBody))
def write_provider(
    request: Request,
    principal: Caller,
    project_id: Id,
    body: Annotated[Any, Depends(body_of(ProviderBody))],
) -> Response:
    """Say where a project's pull requests are; a new secret of their events is told this once."""
    sealer = here(request).sealer
    with here(request).database.writing() as connection:
        project = project_for(connection, principal, project_id, "project-write")
        actor = acting(request, principal)
        secret = set_provider(connection, actor, sealer, project, body, base_url(request))
        written = provider_of(connection, project_id)
        assert written is not None  # noqa: S101 - written above
        shown = shown_provider(sealer, written)
    return as_json({**shown, **({} if secret is None else {"secret": secret})})


@router.get("")
def read_provider(request: Request, principal: Caller, project_id: Id) -> Response:
    """Return a project's provider, without its secrets."""
    with here(request).database.reading() as connection:
        project_for(connection, principal, project_id, "project-write")
        found = provider_of(connection, project_id)
    if found is None:
        raise not_found("The provider")
    return as_json(shown_provider(here(request).sealer, found))


@router.delete("")
def forget_provider(request: Request, principal: Caller, project_id: Id) -> Response:
    """Forget a project's provider: its events are refused from now on."""
    with here(request).database.writing() as connection:
        project_for(connection, principal, project_id, "project-write")
        if provider_of(connection, project_id) is None:
            raise not_found("The provider")
        remove_provider(connection, acting(request, principal), project_id)
    return as_json({})


async def _event_body(request: Request) -> bytes:
    return await read_body(request, _LARGEST)


@router.post("/events", dependencies=[Depends(open_to_all)])
def hear_event(
    request: Request, project_id: Id, body: Annotated[bytes, Depends(_event_body)]
) -> Response:
    """Act on an event of a provider, which is known by its signature alone."""
    provider = _genuine(request, project_id, body)
    try:
        events = provider_named(provider.kind).read(request.headers, body)
    except Unreadable as error:
        raise Refused(UNPROCESSABLE, f"The event cannot be read: {error}.") from error
    actor = Actor(
        account_id=provider.account_id, kind="server", name=provider.kind,
        address=address_of(request),
    )  # fmt: skip
    moment = now()
    with here(request).database.writing() as connection:
        if not is_new(connection, project_id, body, moment):
            return as_json(msgspec.to_builtins(Outcome(why="it was heard before")))
        outcomes = [react(connection, provider, event, actor, moment) for event in events]
    why = "; ".join(filter(None, (outcome.why for outcome in outcomes)))
    started = tuple(run_id for outcome in outcomes for run_id in outcome.runs)
    return as_json(msgspec.to_builtins(Outcome(runs=started, why=why or None)))


def _genuine(request: Request, project_id: int, body: bytes) -> Any:
    """Return the provider that sent a body; a project without one refuses like a wrong signature."""
    installation = here(request)
    with installation.database.reading() as connection:
        found = provider_of(connection, project_id)
        state = connection.scalar(select(projects.c.state).where(projects.c.id == project_id))
    try:
        is_genuine = (
            found is not None
            and state == ACTIVE
            and provider_named(found.kind).is_genuine(
                words_of(installation.sealer, found).secret, request.headers, body
            )
        )
    except SealBroken:
        is_genuine = False
    if not is_genuine:
        who = f"bad-event:{address_of(request) or 'nowhere'}"
        if installation.limiter.take(who, _BAD_PER_MINUTE) is not None:
            raise Refused(TOO_MANY, "Too many requests; try again later.")
        raise Refused(UNAUTHORIZED, "The event is not signed with the secret of the project.")
    return found
