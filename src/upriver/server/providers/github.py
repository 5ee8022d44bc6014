"""GitHub, on github.com or one's own (`https://github.example.com/api/v3`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upriver.server.providers.events import (
    Call,
    Check,
    Event,
    Passed,
    PullRequest,
    Push,
    branch_of,
    decoded,
    is_signed,
)

USUAL_URL: Final = "https://api.github.com"
NUMBER_FIELD: Final = "github_pull_request_id"
_CHECKED: Final = frozenset({"opened", "reopened", "synchronize", "ready_for_review"})
_STATES: Final = {
    "queued": "pending", "running": "pending", "success": "success", "failure": "failure",
    "cancelled": "error",
}  # fmt: skip
_LONGEST: Final = 140


class _Repository(msgspec.Struct):
    full_name: str
    default_branch: str | None = None


class _End(msgspec.Struct):
    ref: str
    sha: str
    repo: _Repository | None = None
    """None: the fork was deleted."""


class _Pull(msgspec.Struct):
    head: _End
    base: _End
    draft: bool = False
    updated_at: str = ""


class _PullEvent(msgspec.Struct):
    action: str
    number: int
    pull_request: _Pull
    repository: _Repository


class _PushEvent(msgspec.Struct):
    ref: str
    after: str
    repository: _Repository
    deleted: bool = False


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the event was sent by who knows the secret."""
    return is_signed(secret, headers.get("x-hub-signature-256"), body)


def read(headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """Read an event; raises Unreadable."""
    kind = headers.get("x-github-event", "")
    if kind == "pull_request":
        return (_pull_request(decoded(_PullEvent, body)),)
    if kind == "push":
        return (_push(decoded(_PushEvent, body)),)
    return (Passed(why=f"nothing follows from `{kind[:64]}`"),)


def _pull_request(event: _PullEvent) -> Event:
    if event.action not in _CHECKED and event.action != "closed":
        return Passed(why=f"nothing follows from `{event.action[:64]}`")
    pull = event.pull_request
    own = event.repository.full_name
    return PullRequest(
        action="close" if event.action == "closed" else "check",
        number=event.number,
        repository=own,
        commit=pull.head.sha,
        branch=pull.head.ref,
        base=pull.base.ref,
        default_branch=event.repository.default_branch,
        moment=pull.updated_at,
        is_draft=pull.draft,
        is_fork=pull.head.repo is None or pull.head.repo.full_name.lower() != own.lower(),
    )


def _push(event: _PushEvent) -> Event:
    branch = branch_of(event.ref)
    if branch is None or event.deleted:
        return Passed(why="nothing follows from tags, and from branches that go")
    return Push(
        repository=event.repository.full_name, branch=branch, commit=event.after,
        default_branch=event.repository.default_branch,
    )  # fmt: skip


def status_call(api_url: str, repository: str, token: str, check: Check) -> Call:
    """Return the request that sets a commit's status."""
    return Call(
        url=f"{api_url}/repos/{repository}/statuses/{check.commit}",
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "upriver",
        },
        body=msgspec.json.encode(
            {
                "state": _STATES[check.state],
                "target_url": check.link,
                "description": check.description[:_LONGEST],
                "context": check.name,
            }
        ),
    )
