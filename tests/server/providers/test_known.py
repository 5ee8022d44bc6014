"""Events of providers, told apart and read; and the requests that set statuses."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.sent_events import (
    REPOSITORY,
    bitbucket_pull,
    github_pull,
    github_push,
    gitlab_merge,
    signed,
)

from upriver.server.providers.events import Check, Passed, PullRequest, Push, Unreadable
from upriver.server.providers.known import KINDS, provider_named

SHARED = "a-word-that-both-know"
COMMIT = "c0ffee" + "0" * 34
# Keys that differ in zeros at their end are one to an HMAC; secrets are printable.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1)
MERGE, PUSH = "Merge Request Hook", "Push Hook"


def heard(kind: str, event: str, content: Any) -> Any:
    headers, body = signed(kind, SHARED, event, content)
    lower = {name.lower(): value for name, value in headers.items()}
    return provider_named(kind).read(lower, body)


@pytest.mark.parametrize(
    ("kind", "event", "content"),
    [
        ("github", "pull_request", github_pull("synchronize", commit=COMMIT)),
        ("gitlab", MERGE, gitlab_merge("update", commit=COMMIT, oldrev="1" * 40)),
        ("bitbucket", "pullrequest:updated", bitbucket_pull(COMMIT)),
    ],
)
def test_a_new_commit_of_a_pull_request_is_one_thing_whoever_tells_it(
    kind: str, event: str, content: Any
) -> None:
    (found,) = heard(kind, event, content)
    assert isinstance(found, PullRequest)
    assert msgspec.structs.replace(found, moment="", commit=found.commit[:12]) == PullRequest(
        action="check", number=7, repository=REPOSITORY, commit=COMMIT[:12], branch="my-change",
        base="main", default_branch="main",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "event", "content", "expected"),
    [
        ("github", "pull_request", github_pull("opened", commit=COMMIT), "check"),
        ("github", "pull_request", github_pull("closed", commit=COMMIT), "close"),
        ("github", "pull_request", github_pull("labeled", commit=COMMIT), None),
        ("github", "ping", {"zen": "Keep it logically awesome."}, None),
        ("github", "push", github_push(COMMIT), "push"),
        ("github", "push", github_push(COMMIT, "refs/tags/v1"), None),
        ("github", "push", github_push("0" * 40, deleted=True), None),
        ("gitlab", MERGE, gitlab_merge("open", commit=COMMIT), "check"),
        ("gitlab", MERGE, gitlab_merge("merge", commit=COMMIT), "close"),
        ("gitlab", MERGE, gitlab_merge("close", commit=COMMIT), "close"),
        ("gitlab", MERGE, gitlab_merge("update", commit=COMMIT), None),
        ("gitlab", MERGE, gitlab_merge("approved", commit=COMMIT), None),
        (
            "gitlab", MERGE,
            gitlab_merge("update", commit=COMMIT, changes={"draft": {"current": False}}), "check",
        ),
        ("bitbucket", "pullrequest:fulfilled", bitbucket_pull(COMMIT), "close"),
        ("bitbucket", "pullrequest:comment_created", bitbucket_pull(COMMIT), None),
    ],
)  # fmt: skip
def test_what_follows_from_an_event(
    kind: str, event: str, content: Any, expected: str | None
) -> None:
    (found,) = heard(kind, event, content)
    what = {Passed: None, Push: "push"}.get(type(found), getattr(found, "action", None))
    assert what == expected


@pytest.mark.parametrize(
    ("kind", "event", "content"),
    [
        ("github", "pull_request",
         github_pull("opened", commit=COMMIT, head_repo={"full_name": "else/shop"})),
        ("github", "pull_request", github_pull("opened", commit=COMMIT, head_repo=None)),
        ("gitlab", MERGE, gitlab_merge("open", commit=COMMIT, source_project_id=6)),
    ],
)  # fmt: skip
def test_forks_are_known(kind: str, event: str, content: Any) -> None:
    assert heard(kind, event, content)[0].is_fork


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(body=st.binary(min_size=1), other=st.binary(min_size=1), word=WORDS)
def test_nobody_else_can_send_an_event(kind: str, body: bytes, other: bytes, word: str) -> None:
    headers, _ = signed(kind, SHARED, "push", body)
    lower = {name.lower(): value for name, value in headers.items()}
    provider = provider_named(kind)
    assert provider.is_genuine(SHARED, lower, body)
    assert provider.is_genuine(SHARED + word, lower, body) is False
    assert provider.is_genuine(SHARED, {}, body) is False
    if kind != "gitlab" and other != body:
        assert provider.is_genuine(SHARED, lower, other) is False


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"action": 3}', b"[" * 9_000])
def test_what_cannot_be_read_is_refused(kind: str, body: bytes) -> None:
    event = {"github": "pull_request", "gitlab": MERGE, "bitbucket": "pullrequest:created"}[kind]
    with pytest.raises(Unreadable):
        heard(kind, event, body)


@pytest.mark.parametrize(
    ("kind", "url", "header", "said"),
    [
        ("github", f"https://x/repos/{REPOSITORY}/statuses/{COMMIT}",
         ("Authorization", "Bearer t"),
         {"state": "error", "context": "check", "target_url": "https://u/runs/1"}),
        ("gitlab", f"https://x/projects/Team%2Fshop/statuses/{COMMIT}", ("PRIVATE-TOKEN", "t"),
         {"state": "canceled", "name": "check", "target_url": "https://u/runs/1"}),
        ("bitbucket", f"https://x/repositories/{REPOSITORY}/commit/{COMMIT}/statuses/build",
         ("Authorization", "Bearer t"),
         {"state": "STOPPED", "key": "k", "url": "https://u/runs/1"}),
    ],
)  # fmt: skip
def test_a_status_is_said_as_the_provider_wants_it(
    kind: str, url: str, header: tuple[str, str], said: dict[str, str]
) -> None:
    check = Check(
        state="cancelled", commit=COMMIT, name="check", key="k", description="x" * 500,
        link="https://u/runs/1",
    )  # fmt: skip
    call = provider_named(kind).status_call("https://x", REPOSITORY, "t", check)
    assert call.url == url
    assert call.headers[header[0]] == header[1]
    body = json.loads(call.body)
    assert said.items() <= body.items()
    assert len(body["description"]) <= 255
