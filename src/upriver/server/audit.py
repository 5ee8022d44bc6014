"""The audit log: who did what, to what, from where; added to in the transaction that does it (S-26).

Details hold names and ids, never a secret or the body of a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, insert

from upriver.server.auth.principals import Principal
from upriver.server.db.tables import audit_events
from upriver.server.moments import now


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, as the log names them."""

    account_id: int
    kind: Literal["user", "token", "server", "nobody"]
    id: int | None = None
    name: str
    address: str | None = None
    source: Literal["api", "ui", "server"] = "api"


SERVER = "upriver serve"


def server_actor(account_id: int) -> Actor:
    """The server itself."""
    return Actor(account_id=account_id, kind="server", name=SERVER, source="server")


def actor_of(
    principal: Principal, address: str | None, source: Literal["api", "ui"] = "api"
) -> Actor:
    """The caller of a request."""
    return Actor(
        account_id=principal.account_id,
        kind=principal.kind,
        id=principal.id,
        name=principal.name,
        address=address,
        source=source,
    )


def record(
    connection: Connection,
    actor: Actor,
    event: str,
    *,
    on: tuple[str, int | None] = ("account", None),
    detail: Mapping[str, Any] | None = None,
    is_success: bool = True,
) -> None:
    """Add an event `noun.verb` (AUD-02) about the object `on`: its kind and its id."""
    connection.execute(
        insert(audit_events).values(
            account_id=actor.account_id,
            at=now(),
            event=event,
            is_success=is_success,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name[:255],
            address=actor.address,
            source=actor.source,
            object_kind=on[0],
            object_id=on[1],
            detail=None if detail is None else dict(detail),
        )
    )
