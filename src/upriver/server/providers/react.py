"""What follows from a provider's events: checks of pull requests, and runs after a merge.

A body that was acted on is known by its digest: sent again it changes nothing, whoever sends it.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, select

from upriver.server.audit import Actor, record
from upriver.server.db.outgoing_tables import provider_events
from upriver.server.db.tables import environments, jobs
from upriver.server.jobs.pull_requests import close
from upriver.server.jobs.queue import Trigger, put
from upriver.server.providers.events import Event, Passed, PullRequest, Push
from upriver.server.providers.known import provider_named

_ACTIVE: Final = 1
_LONGEST_KEY: Final = 255
_KEPT_DAYS: Final = 365
_PULL_TRIGGERS: Final = ("github_webhook", "git_provider_webhook")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an event came to."""

    runs: tuple[int, ...] = ()
    why: str | None = None
    """Why there are none."""


def is_new(connection: Connection, project_id: int, body: bytes, now: datetime.datetime) -> bool:
    """Note an event; False if it was noted before. Call it in the transaction that acts on it."""
    digest = hashlib.sha256(body).hexdigest()
    known = select(provider_events).where(
        provider_events.c.project_id == project_id, provider_events.c.sha256 == digest
    )
    if connection.execute(known).first() is not None:
        return False
    connection.execute(
        provider_events.insert().values(project_id=project_id, sha256=digest, created_at=now)
    )
    return True


def forget_old(connection: Connection, now: datetime.datetime) -> None:
    """Drop digests of events that nobody sends again."""
    oldest = now - datetime.timedelta(days=_KEPT_DAYS)
    connection.execute(provider_events.delete().where(provider_events.c.created_at < oldest))


def react(
    connection: Connection,
    provider: Row[Any],
    event: Event,
    actor: Actor,
    now: datetime.datetime,
) -> Outcome:
    """Queue what follows from an event, and say what that is."""
    if isinstance(event, Passed):
        return Outcome(why=event.why)
    if event.repository.lower() != provider.repository.lower():
        return Outcome(why="it is of another repository")
    if isinstance(event, Push):
        outcome = _after_push(connection, provider, event, actor, now)
    elif event.action == "close":
        closed = close(connection, provider.project_id, event.number, actor.name, now)
        outcome = Outcome(runs=closed, why=None if closed else "it was never checked")
        record(
            connection, actor, "pull_request.closed", on=("project", provider.project_id),
            detail={"number": event.number, "runs": list(closed)},
        )  # fmt: skip
    else:
        outcome = _check(connection, provider, event, actor, now)
    for run_id in outcome.runs:
        record(connection, actor, "run.triggered", on=("run", run_id))
    return outcome


def _check(
    connection: Connection,
    provider: Row[Any],
    event: PullRequest,
    actor: Actor,
    now: datetime.datetime,
) -> Outcome:
    if event.is_fork:
        # Its code would run with what the project's own may see (S-36).
        return Outcome(why="it comes from a fork")
    started = []
    reasons = {"no job checks pull requests"}
    for job in _jobs(connection, provider.project_id, *_PULL_TRIGGERS):
        reasons.discard("no job checks pull requests")
        if job.job_type != "ci":
            reasons.add(f"job {job.id} is not of the type `ci`")
        elif event.is_draft and not job.triggers_on_draft_pr:
            reasons.add("it is a draft")
        elif not _is_base(job, event.base, event.default_branch):
            reasons.add(f"nothing is made of `{event.base}`")
        else:
            started.append(_start_check(connection, provider, job, event, actor, now))
    why = None if started else "; ".join(sorted(reasons))
    return Outcome(runs=tuple(started), why=why)


def _start_check(
    connection: Connection,
    provider: Row[Any],
    job: Row[Any],
    event: PullRequest,
    actor: Actor,
    now: datetime.datetime,
) -> int:
    # The moment tells a reopening from the opening: its schema was dropped in between.
    key = f"{provider.kind}-{event.number}-{event.commit}-{event.moment}"
    trigger = Trigger(
        cause=f"Pull request {event.number}", category="ci", by=actor.name,
        overrides={provider_named(provider.kind).NUMBER_FIELD: event.number},
        git_sha=event.commit, git_branch=event.branch, pull_request_id=str(event.number),
        idempotency_key=key[:_LONGEST_KEY],
    )  # fmt: skip
    return put(connection, job, trigger, now)


def _after_push(
    connection: Connection,
    provider: Row[Any],
    event: Push,
    actor: Actor,
    now: datetime.datetime,
) -> Outcome:
    started = []
    for job in _jobs(connection, provider.project_id, "on_merge"):
        if not _is_base(job, event.branch, event.default_branch):
            continue
        trigger = Trigger(
            cause=f"Push to {event.branch}", category="merge", by=actor.name,
            git_sha=event.commit, git_branch=event.branch,
            idempotency_key=f"push-{event.branch}-{event.commit}"[:_LONGEST_KEY],
        )  # fmt: skip
        started.append(put(connection, job, trigger, now))
    why = None if started else f"no job runs after a push to `{event.branch}`"
    return Outcome(runs=tuple(started), why=why)


def _jobs(connection: Connection, project_id: int, *triggers: str) -> list[Row[Any]]:
    rows = connection.execute(
        select(jobs, environments.c.custom_branch)
        .join(environments, environments.c.id == jobs.c.environment_id)
        .where(
            jobs.c.project_id == project_id, jobs.c.state == _ACTIVE,
            jobs.c.is_deactivated.is_(False),
        )
        .order_by(jobs.c.id)
    ).all()  # fmt: skip

    def is_meant(given: Mapping[str, Any]) -> bool:
        return any(given.get(name) for name in triggers)

    return [row for row in rows if is_meant(row.triggers or {})]


def _is_base(job: Row[Any], branch: str, default_branch: str | None) -> bool:
    """Whether the job's environment is made of a branch; any is when nobody says which."""
    own = job.custom_branch or default_branch
    return own is None or own == branch
