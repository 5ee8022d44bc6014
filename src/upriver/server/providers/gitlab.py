"""GitLab, on gitlab.com or one's own (`https://gitlab.example.com/api/v4`)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

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
)

USUAL_URL: Final = "https://gitlab.com/api/v4"
NUMBER_FIELD: Final = "gitlab_merge_request_id"
_STATES: Final = {
    "queued": "pending", "running": "running", "success": "success", "failure": "failed",
    "cancelled": "canceled",
}  # fmt: skip
_LONGEST: Final = 140
_NO_COMMIT: Final = "0" * 40


class _Project(msgspec.Struct):
    path_with_namespace: str
    default_branch: str | None = None


class _Commit(msgspec.Struct):
    id: str


class _Merge(msgspec.Struct):
    iid: int
    source_branch: str
    target_branch: str
    source_project_id: int
    target_project_id: int
    last_commit: _Commit
    action: str = ""
    oldrev: str | None = None
    """The commit before; only an update that brings commits has it."""
    draft: bool = False
    updated_at: str = ""


class _MergeEvent(msgspec.Struct):
    project: _Project
    object_attributes: _Merge
    changes: dict[str, Any] = {}


class _PushEvent(msgspec.Struct):
    ref: str
    after: str
    project: _Project


def is_genuine(secret: str, headers: Mapping[str, str], _body: bytes) -> bool:
    """Whether the event was sent by who knows the secret; GitLab sends it as it is."""
    given = headers.get("x-gitlab-token", "")
    return hmac.compare_digest(secret.encode(), given.encode())


def read(headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """Read an event; raises Unreadable."""
    kind = headers.get("x-gitlab-event", "")
    if kind == "Merge Request Hook":
        return (_merge_request(decoded(_MergeEvent, body)),)
    if kind == "Push Hook":
        return (_push(decoded(_PushEvent, body)),)
    return (Passed(why=f"nothing follows from `{kind[:64]}`"),)


def _merge_request(event: _MergeEvent) -> Event:
    merge = event.object_attributes
    closes = merge.action in ("close", "merge")
    checks = merge.action in ("open", "reopen") or (
        merge.action == "update" and (bool(merge.oldrev) or _is_ready_now(event))
    )
    if not closes and not checks:
        return Passed(why=f"nothing follows from `{merge.action[:64]}` without a new commit")
    return PullRequest(
        action="close" if closes else "check",
        number=merge.iid,
        repository=event.project.path_with_namespace,
        commit=merge.last_commit.id,
        branch=merge.source_branch,
        base=merge.target_branch,
        default_branch=event.project.default_branch,
        moment=merge.updated_at,
        is_draft=merge.draft,
        is_fork=merge.source_project_id != merge.target_project_id,
    )


def _is_ready_now(event: _MergeEvent) -> bool:
    change = event.changes.get("draft")
    return isinstance(change, dict) and change.get("current") is False


def _push(event: _PushEvent) -> Event:
    branch = branch_of(event.ref)
    if branch is None or event.after == _NO_COMMIT:
        return Passed(why="nothing follows from tags, and from branches that go")
    return Push(
        repository=event.project.path_with_namespace, branch=branch, commit=event.after,
        default_branch=event.project.default_branch,
    )  # fmt: skip


def status_call(api_url: str, repository: str, token: str, check: Check) -> Call:
    """Return the request that sets a commit's status."""
    return Call(
        url=f"{api_url}/projects/{quote(repository, safe='')}/statuses/{check.commit}",
        headers={"PRIVATE-TOKEN": token},
        body=msgspec.json.encode(
            {
                "state": _STATES[check.state],
                "target_url": check.link,
                "description": check.description[:_LONGEST],
                "name": check.name,
            }
        ),
    )
