"""What most handlers need: the installation, the caller, a body of a known shape.

Every route names what it asks of its caller, by `needs(...)` or by `open_to_all`; a test goes
through all routes and fails for one that does neither. Tokens come in the `Authorization` header
and nowhere else: the interfaces accept no cookie (S-17).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Path, Request
from sqlalchemy.exc import OperationalError

from upriver.server.audit import Actor, actor_of
from upriver.server.auth.principals import Principal
from upriver.server.auth.tokens import note_use, principal_of_token
from upriver.server.installation import Installation
from upriver.server.refusals import (
    NOT_FOUND,
    TOO_LARGE,
    TOO_MANY,
    UNAUTHORIZED,
    UNPROCESSABLE,
    Refused,
)

Id = Annotated[int, Path(ge=1, le=2**53)]
"""An id in a path: larger ones would not fit where they are looked up."""
_SCHEMES = ("token", "bearer")
_USES_NOTED_PER_MINUTE = 1


def here(request: Request) -> Installation:
    """Return the installation that answers."""
    installation: Installation = request.app.state.installation
    return installation


def address_of(request: Request) -> str | None:
    """Return where a request comes from."""
    return request.client.host if request.client else None


def caller(request: Request) -> Principal:
    """Return who asks, or refuse."""
    installation = here(request)
    limits = installation.settings.limits
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    address = address_of(request) or "nowhere"
    if scheme.lower() not in _SCHEMES or not text.strip():
        raise _unauthorized("A token is needed: `Authorization: Bearer <token>`.")
    principal = principal_of_token(installation.database, text.strip())
    if principal is None:
        # Guessing is slowed down by address; those who have a token are counted by it.
        _take(installation, f"bad-token:{address}", limits.sign_ins_per_minute * 6)
        raise _unauthorized("The token is not valid, or not any more.")
    _take(installation, f"token:{principal.id}", limits.requests_per_minute)
    if installation.limiter.take(f"use:{principal.id}", _USES_NOTED_PER_MINUTE) is None:
        # Whoever only reads is answered on a full disk as well.
        with suppress(OperationalError):
            note_use(installation.database, principal.id)
    return principal


def _take(installation: Installation, who: str, per_minute: int) -> None:
    seconds = installation.limiter.take(who, per_minute)
    if seconds is not None:
        raise Refused(
            TOO_MANY,
            "Too many requests; try again later.",
            headers={"Retry-After": str(math.ceil(seconds))},
        )


def _unauthorized(message: str) -> Refused:
    return Refused(UNAUTHORIZED, message, headers={"WWW-Authenticate": "Bearer"})


Caller = Annotated[Principal, Depends(caller)]
"""Who asks; a handler with this parameter is reached only with a valid token."""


def acting(request: Request, principal: Principal) -> Actor:
    """Return the caller as the audit log names them."""
    return actor_of(principal, address_of(request))


def check_account(principal: Principal, account_id: int) -> None:
    """Refuse another account than the caller's, as if there were none."""
    if principal.account_id != account_id:
        raise Refused(NOT_FOUND, f"Account {account_id} was not found.")


def body_of(kind: type[msgspec.Struct]) -> Callable[[Request], Coroutine[Any, Any, Any]]:
    """Return a dependency that reads a JSON body; no body, `null` and `{}` are one."""
    decoder = msgspec.json.Decoder(kind, strict=False)

    async def read(request: Request) -> Any:
        data = await read_body(request, here(request).settings.limits.body)
        if data.strip() in (b"", b"null"):
            data = b"{}"
        try:
            return decoder.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            reason = str(error).partition("\n")[0][:200]
            raise Refused(UNPROCESSABLE, f"The body cannot be read: {reason}.") from error

    return read


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body that is small; whether it says so or not (S-25)."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > limit:
            raise Refused(TOO_LARGE, f"The body has more than {limit} bytes.")
    return bytes(data)


def described(kind: type[msgspec.Struct], *, is_required: bool = True) -> dict[str, Any]:
    """Return what the OpenAPI description says of a body."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="#/{name}")
    name = schema.get("$ref", "").removeprefix("#/")
    content = {"application/json": {"schema": parts.get(name, schema)}}
    return {"requestBody": {"required": is_required, "content": content}}


def open_to_all(_request: Request) -> None:
    """Mark a route that anybody may ask, with or without a token."""
