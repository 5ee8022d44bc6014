"""Bitbucket Cloud."""

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
    decoded,
    is_signed,
)

USUAL_URL: Final = "https://api.bitbucket.org/2.0"
NUMBER_FIELD: Final = "non_native_pull_request_id"
_ACTIONS: Final = {
    "pullrequest:created": "check", "pullrequest:updated": "check",
    "pullrequest:fulfilled": "close", "pullrequest:rejected": "close",
}  # fmt: skip
_STATES: Final = {
    "queued": "INPROGRESS", "running": "INPROGRESS", "success": "SUCCESSFUL", "failure": "FAILED",
    "cancelled": "STOPPED",
}  # fmt: skip
_LONGEST: Final = 255
_LONGEST_KEY: Final = 40


class _Named(msgspec.Struct):
    name: str


class _Repository(msgspec.Struct):
    full_name: str
    mainbranch: _Named | None = None


class _Commit(msgspec.Struct):
    hash: str


class _End(msgspec.Struct):
    branch: _Named
    commit: _Commit | None = None
    repository: _Repository | None = None


class _Pull(msgspec.Struct):
    id: int
    source: _End
    destination: _End
    draft: bool = False
    updated_on: str = ""


class _PullEvent(msgspec.Struct):
    pullrequest: _Pull
    repository: _Repository


class _Branch(msgspec.Struct):
    type: str
    name: str
    target: _Commit


class _Change(msgspec.Struct):
    new: _Branch | None = None


class _Changes(msgspec.Struct):
    changes: list[_Change]


class _PushEvent(msgspec.Struct):
    push: _Changes
    repository: _Repository


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the event was sent by who knows the secret."""
    return is_signed(secret, headers.get("x-hub-signature"), body)


def read(headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
    """Read an event; raises Unreadable."""
    kind = headers.get("x-event-key", "")
    if kind in _ACTIONS:
        return (_pull_request(kind, decoded(_PullEvent, body)),)
    if kind == "repo:push":
        event = decoded(_PushEvent, body)
        main = event.repository.mainbranch
        return tuple(
            Push(
                repository=event.repository.full_name, branch=change.new.name,
                commit=change.new.target.hash, default_branch=None if main is None else main.name,
            )
            for change in event.push.changes
            if change.new is not None and change.new.type == "branch"
        )  # fmt: skip
    return (Passed(why=f"nothing follows from `{kind[:64]}`"),)


def _pull_request(kind: str, event: _PullEvent) -> Event:
    pull = event.pullrequest
    own, source = event.repository.full_name, pull.source.repository
    if pull.source.commit is None:
        return Passed(why="the pull request has no commit")
    main = event.repository.mainbranch
    return PullRequest(
        action="close" if _ACTIONS[kind] == "close" else "check",
        number=pull.id,
        repository=own,
        commit=pull.source.commit.hash,
        branch=pull.source.branch.name,
        base=pull.destination.branch.name,
        default_branch=None if main is None else main.name,
        # An update may be of the title alone: the commit says whether there is anything new.
        moment="",
        is_draft=pull.draft,
        is_fork=source is None or source.full_name.lower() != own.lower(),
    )


def status_call(api_url: str, repository: str, token: str, check: Check) -> Call:
    """Return the request that sets a commit's status."""
    return Call(
        url=f"{api_url}/repositories/{repository}/commit/{check.commit}/statuses/build",
        headers={"Authorization": f"Bearer {token}"},
        body=msgspec.json.encode(
            {
                "state": _STATES[check.state],
                "url": check.link,
                "description": check.description[:_LONGEST],
                "name": check.name,
                "key": check.key[:_LONGEST_KEY],
            }
        ),
    )
