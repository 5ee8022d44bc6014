"""Telling others what happened to runs (WHK-01 to WHK-03, platform.md 6.9).

An event is written in the transaction that makes it true, and sent afterwards by whoever comes to
it first, at least once. The receiver knows a repetition by its `eventId`.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, or_, select, update

from upriver.server.db.job_tables import deliveries, webhooks
from upriver.server.db.tables import environments, jobs, projects, runs

STARTED: Final = "job.run.started"
COMPLETED: Final = "job.run.completed"
ERRORED: Final = "job.run.errored"
EVENT_TYPES: Final = (STARTED, COMPLETED, ERRORED)

TRIES: Final = 5
_WAITS: Final = (0, 10, 60, 300, 1_800)
"""Seconds before each try."""
_CLAIM_SECONDS: Final = 60
"""How long a delivery is left to whoever took it."""
_NAMES: Final = {10: "Success", 20: "Errored", 30: "Cancelled", 3: "Running", 2: "Starting"}


def announce(connection: Connection, run_id: int, event_type: str, now: datetime.datetime) -> None:
    """Write an event of a run for each subscription that wants it, once."""
    run = connection.execute(
        select(
            runs, jobs.c.name.label("job_name"), environments.c.name.label("environment_name"),
            projects.c.name.label("project_name"),
        )
        .join(jobs, jobs.c.id == runs.c.job_id)
        .join(environments, environments.c.id == runs.c.environment_id)
        .join(projects, projects.c.id == runs.c.project_id)
        .where(runs.c.id == run_id)
    ).first()  # fmt: skip
    if run is None:
        return
    subscriptions = connection.execute(
        select(webhooks).where(
            webhooks.c.account_id == run.account_id, webhooks.c.is_active.is_(True)
        )
    )
    for webhook in subscriptions.all():
        is_wanted = event_type in webhook.event_types
        if not is_wanted or (webhook.job_ids and run.job_id not in webhook.job_ids):
            continue
        event_id = f"wev_{secrets.token_hex(16)}"
        body = _body(run, webhook, event_id, event_type, now)
        connection.execute(
            deliveries.insert().values(
                id=event_id, webhook_id=webhook.id, run_id=run_id, event_type=event_type,
                body=json.dumps(body), tries=0, due_at=now, created_at=now,
            )
        )  # fmt: skip


def _body(
    run: Any, webhook: Any, event_id: str, event_type: str, now: datetime.datetime
) -> Mapping[str, Any]:
    when = "runErroredAt" if event_type == ERRORED else "runFinishedAt"
    return {
        "accountId": run.account_id,
        "webhookId": webhook.id,
        "webhooksID": webhook.id,
        "webhookName": webhook.name,
        "eventId": event_id,
        "timestamp": _spelled(now),
        "eventType": event_type,
        "data": {
            "jobId": str(run.job_id),
            "jobName": run.job_name,
            "runId": str(run.id),
            "environmentId": str(run.environment_id),
            "environmentName": run.environment_name,
            "dbtVersion": run.dbt_version or "",
            "projectName": run.project_name,
            "projectId": str(run.project_id),
            "runStatus": _NAMES.get(run.status, "Queued"),
            "runStatusCode": run.status,
            "runStatusMessage": run.status_message or "None",
            "runReason": run.cause,
            "runStartedAt": _spelled(run.started_at),
            **({when: _spelled(run.finished_at)} if run.finished_at else {}),
        },
    }


def _spelled(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def signature(secret: str, body: bytes) -> str:
    """Return what the `Authorization` header holds (WHK-03)."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def take_due(connection: Connection, now: datetime.datetime) -> Any | None:
    """Take the delivery that has waited longest, so that nobody else sends it meanwhile.

    The row has the subscription's `client_url` and `sealed` secret. One whose sender is lost is
    due again after a minute.
    """
    found = connection.execute(
        select(deliveries, webhooks.c.client_url, webhooks.c.sealed, webhooks.c.is_active)
        .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
        .where(deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at)
        .limit(1)
    ).first()
    if found is None:
        return None
    moved = connection.execute(
        update(deliveries)
        .where(deliveries.c.id == found.id, deliveries.c.due_at == found.due_at)
        .values(
            tries=deliveries.c.tries + 1, due_at=now + datetime.timedelta(seconds=_CLAIM_SECONDS)
        )
    )
    return found if moved.rowcount == 1 else None


def record(
    connection: Connection,
    delivery: Any,
    now: datetime.datetime,
    *,
    http_status: int | None,
    problem: str | None,
) -> None:
    """Write how a try ended, and when the next one is."""
    tries = delivery.tries + 1
    is_done = http_status is not None and 200 <= http_status < 300  # noqa: PLR2004 - success
    is_last = is_done or tries >= TRIES or not delivery.is_active
    wait = datetime.timedelta(seconds=_WAITS[min(tries, TRIES - 1)])
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id)
        .values(
            http_status=http_status, problem=problem,
            due_at=None if is_last else now + wait,
            delivered_at=now if is_done else None,
        )
    )  # fmt: skip


def forget_old(connection: Connection, now: datetime.datetime, days: int = 30) -> None:
    """Drop deliveries that are done and older than the log is kept (WHK-02)."""
    connection.execute(
        deliveries.delete().where(
            deliveries.c.created_at < now - datetime.timedelta(days=days),
            or_(deliveries.c.due_at.is_(None), deliveries.c.tries >= TRIES),
        )
    )
