"""Webhook subscriptions (platform.md 6.9): the secret is told once, when they are made."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection, desc, select, update

from upriver.server.api.caller import (
    Caller,
    Id,
    acting,
    body_of,
    check_account,
    described,
    here,
)
from upriver.server.api.envelope import enveloped
from upriver.server.api.lists import page
from upriver.server.audit import record
from upriver.server.auth.principals import Principal
from upriver.server.db.job_tables import deliveries, webhooks
from upriver.server.jobs.webhooks import EVENT_TYPES
from upriver.server.moments import now, spell_moment
from upriver.server.refusals import UNPROCESSABLE, Refused, not_found

router = APIRouter(prefix="/api/v3/accounts/{account_id}/webhooks", tags=["v3"])
_COLUMNS = {"id": webhooks.c.created_at, "name": webhooks.c.name}
_LONGEST = 2_000


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as clients send it."""

    name: str
    client_url: str
    event_types: tuple[str, ...]
    description: str | None = None
    job_ids: tuple[int | str, ...] = ()
    active: bool = True


Body = Annotated[Any, Depends(body_of(WebhookBody))]


@router.get("/subscriptions")
def list_webhooks(request: Request, principal: Caller, account_id: Id) -> Response:
    """List subscriptions."""
    _check(principal, account_id)
    query = select(webhooks).where(webhooks.c.account_id == account_id)
    with here(request).database.reading() as connection:
        return page(
            connection, request, query, _COLUMNS,
            lambda rows: [_shape(connection, row) for row in rows],
        )  # fmt: skip


@router.post("/subscriptions", openapi_extra=described(WebhookBody))
def add_webhook(request: Request, principal: Caller, account_id: Id, body: Body) -> Response:
    """Make a subscription."""
    _check(principal, account_id)
    webhook_id, secret, moment = f"wsu_{secrets.token_hex(14)}", secrets.token_hex(32), now()
    with here(request).database.writing() as connection:
        connection.execute(
            webhooks.insert().values(
                id=webhook_id, account_id=account_id, created_at=moment, updated_at=moment,
                sealed=here(request).sealer.seal(secret), **_values(body),
            )
        )  # fmt: skip
        record(
            connection, acting(request, principal), "webhook_subscription.added",
            detail={"id": webhook_id, "name": body.name[:255]},
        )  # fmt: skip
        shape = _shape(connection, _row(connection, account_id, webhook_id))
    return enveloped({**shape, "hmac_secret": secret}, status=201)


@router.get("/subscription/{webhook_id}")
def read_webhook(request: Request, principal: Caller, account_id: Id, webhook_id: str) -> Response:
    """Return a subscription."""
    _check(principal, account_id)
    with here(request).database.reading() as connection:
        return enveloped(_shape(connection, _row(connection, account_id, webhook_id)))


@router.put("/subscription/{webhook_id}", openapi_extra=described(WebhookBody))
def change_webhook(
    request: Request, principal: Caller, account_id: Id, webhook_id: str, body: Body
) -> Response:
    """Write a subscription anew; its secret stays."""
    _check(principal, account_id)
    with here(request).database.writing() as connection:
        _row(connection, account_id, webhook_id)
        connection.execute(
            update(webhooks)
            .where(webhooks.c.id == webhook_id)
            .values(updated_at=now(), **_values(body))
        )
        record(
            connection, acting(request, principal), "webhook_subscription.changed",
            detail={"id": webhook_id},
        )  # fmt: skip
        return enveloped(_shape(connection, _row(connection, account_id, webhook_id)))


@router.delete("/subscription/{webhook_id}")
def remove_webhook(
    request: Request, principal: Caller, account_id: Id, webhook_id: str
) -> Response:
    """Take a subscription away, with what was still to be sent."""
    _check(principal, account_id)
    with here(request).database.writing() as connection:
        row = _row(connection, account_id, webhook_id)
        shape = _shape(connection, row)
        connection.execute(deliveries.delete().where(deliveries.c.webhook_id == webhook_id))
        connection.execute(webhooks.delete().where(webhooks.c.id == webhook_id))
        record(
            connection, acting(request, principal), "webhook_subscription.removed",
            detail={"id": webhook_id},
        )  # fmt: skip
    return enveloped(shape)


@router.get("/subscription/{webhook_id}/events")
def list_deliveries(
    request: Request, principal: Caller, account_id: Id, webhook_id: str
) -> Response:
    """List what was sent, and how it was answered."""
    _check(principal, account_id)
    query = select(deliveries).where(deliveries.c.webhook_id == webhook_id)
    with here(request).database.reading() as connection:
        _row(connection, account_id, webhook_id)
        return page(
            connection, request, query, {"id": deliveries.c.created_at},
            lambda rows: [
                {
                    "id": row.id, "event_type": row.event_type, "run_id": row.run_id,
                    "tries": row.tries, "http_status_code": row.http_status,
                    "problem": row.problem, "created_at": spell_moment(row.created_at),
                    "delivered_at": spell_moment(row.delivered_at),
                }
                for row in rows
            ],
        )  # fmt: skip


def _check(principal: Principal, account_id: int) -> None:
    check_account(principal, account_id)
    principal.require("webhook-write")


def _row(connection: Connection, account_id: int, webhook_id: str) -> Any:
    row = connection.execute(
        select(webhooks).where(
            webhooks.c.id == webhook_id[:40], webhooks.c.account_id == account_id
        )
    ).one_or_none()
    if row is None:
        raise not_found(f"Webhook `{webhook_id[:40]}`")
    return row


def _values(body: WebhookBody) -> dict[str, Any]:
    wrong = [name for name in body.event_types if name not in EVENT_TYPES]
    is_address = body.client_url.startswith(("https://", "http://"))
    if wrong or not body.event_types:
        raise Refused(UNPROCESSABLE, f"`event_types` are some of {', '.join(EVENT_TYPES)}.")
    if not is_address or len(body.client_url) > _LONGEST or not body.client_url.isprintable():
        raise Refused(UNPROCESSABLE, "`client_url` is no address that begins with https://.")
    job_ids = [int(word) for word in map(str, body.job_ids) if word.isascii() and word.isdecimal()]
    return {
        "name": body.name[:255],
        "description": body.description,
        "client_url": body.client_url,
        "event_types": list(body.event_types),
        "job_ids": job_ids,
        "is_active": body.active,
    }


def _shape(connection: Connection, row: Any) -> dict[str, Any]:
    last = connection.execute(
        select(deliveries)
        .where(deliveries.c.webhook_id == row.id, deliveries.c.tries > 0)
        .order_by(desc(deliveries.c.created_at))
        .limit(1)
    ).one_or_none()
    return {
        "id": row.id,
        "account_identifier": str(row.account_id),
        "account_id": row.account_id,
        "name": row.name,
        "description": row.description or "",
        "client_url": row.client_url,
        "event_types": row.event_types,
        "job_ids": [str(job_id) for job_id in row.job_ids],
        "active": row.is_active,
        "created_at": spell_moment(row.created_at),
        "updated_at": spell_moment(row.updated_at),
        "dispatched_at": None if last is None else spell_moment(last.created_at),
        "http_status_code": "0" if last is None else str(last.http_status or 0),
    }
