"""Events of providers over HTTP: who is believed, what is started, and what a repetition does."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text
from tests.server.conftest import Project
from tests.server.listening import listening
from tests.server.sample_project import commit, git, new_repository
from tests.server.sent_events import (
    REPOSITORY,
    bitbucket_pull,
    github_pull,
    github_push,
    gitlab_merge,
    signed,
)
from tests.server_process import Served, running_serve

from upriver.server.providers.known import KINDS

COMMIT = "c0ffee" + "0" * 34
OTHER = "bead" + "0" * 36
WORD, WRONG = "tok-en-1", "another-word-than-theirs"


class Hook:
    """A project whose pull requests are at a provider, and a job that checks them."""

    def __init__(self, project: Project, kind: str = "github", **fields: Any) -> None:
        self.project, self.kind, self.api = project, kind, project.api
        body = {"kind": kind, "repository": REPOSITORY.lower(), **fields}
        written = self.api.put(self.path, json=body)
        assert written.status_code == 200, written.text
        self.written = written.json()
        self.secret: str = self.written["secret"]

    @property
    def path(self) -> str:
        return f"/api/upriver/v1/projects/{self.project.id}/provider"

    def job(self, **fields: Any) -> int:
        body = {
            "name": "check", "project_id": self.project.id, "job_type": "ci",
            "environment_id": self.project.production,
            "triggers": {"git_provider_webhook": True}, **fields,
        }  # fmt: skip
        answer = self.api.post(f"/api/v2/accounts/{self.project.account_id}/jobs/", json=body)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["data"]["id"])

    def send(self, event: str, content: Any, secret: str | None = None) -> httpx.Response:
        headers, body = signed(self.kind, secret or self.secret, event, content)
        # Providers have no token: nothing but the signature speaks for them.
        return httpx.post(
            f"{self.api.base_url}{self.path}/events", content=body, headers=headers, timeout=60
        )

    def pull(self, action: str, commit: str = COMMIT, **fields: Any) -> dict[str, Any]:
        answer = self.send("pull_request", github_pull(action, commit=commit, **fields))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def run(self, run_id: int) -> dict[str, Any]:
        path = f"/api/v2/accounts/{self.project.account_id}/runs/{run_id}/"
        found: dict[str, Any] = self.api.get(
            path, params={"include_related": '["trigger"]'}
        ).json()["data"]
        return found


@pytest.mark.parametrize(
    ("kind", "event", "content", "field"),
    [
        ("github", "pull_request", github_pull("opened", commit=COMMIT),
         "github_pull_request_id"),
        ("gitlab", "Merge Request Hook", gitlab_merge("open", commit=COMMIT),
         "gitlab_merge_request_id"),
        ("bitbucket", "pullrequest:created", bitbucket_pull(COMMIT),
         "non_native_pull_request_id"),
    ],
)  # fmt: skip
def test_a_pull_request_is_checked(
    project: Project, kind: str, event: str, content: Any, field: str
) -> None:
    hook = Hook(project, kind)
    hook.job()
    answer = hook.send(event, content)
    assert answer.status_code == 200, answer.text
    (run_id,) = answer.json()["runs"]
    run = hook.run(run_id)
    assert run["trigger"][field] == 7
    assert run["trigger"]["cause"] == "Pull request 7"
    assert COMMIT.startswith(run["git_sha"])
    assert run["git_branch"] == "my-change"


@pytest.mark.parametrize("kind", KINDS)
def test_who_does_not_know_the_secret_is_refused(project: Project, kind: str) -> None:
    hook = Hook(project, kind)
    hook.job()
    event, content = {
        "github": ("pull_request", github_pull("opened", commit=COMMIT)),
        "gitlab": ("Merge Request Hook", gitlab_merge("open", commit=COMMIT)),
        "bitbucket": ("pullrequest:created", bitbucket_pull(COMMIT)),
    }[kind]
    refused = hook.send(event, content, secret=WRONG)
    assert refused.status_code == 401
    headers, body = signed(kind, hook.secret, event, content)
    unknown = httpx.post(
        f"{hook.api.base_url}/api/upriver/v1/projects/999999/provider/events",
        content=body, headers=headers,
    )  # fmt: skip
    assert (unknown.status_code, unknown.json()["status"]) == (401, refused.json()["status"])
    assert hook.send(event, content).json()["runs"]


def test_a_repetition_changes_nothing(project: Project) -> None:
    hook = Hook(project)
    hook.job()
    first = hook.pull("opened")
    second = hook.pull("synchronize", OTHER)
    again = hook.pull("opened")
    assert (again["runs"], again["why"]) == ([], "it was heard before")
    assert hook.run(first["runs"][0])["git_sha"] == COMMIT
    assert second["runs"] != first["runs"]
    closed = hook.pull("closed", OTHER, updated_at="2026-01-02T00:00:00Z")
    assert hook.run(closed["runs"][0])["trigger"]["steps_override"] == [
        "upriver clean --schema --yes"
    ]
    reopened = hook.pull("reopened", OTHER, updated_at="2026-01-03T00:00:00Z")
    assert reopened["runs"] not in ([], second["runs"]), "its schema has to be built again"
    late = hook.pull("closed", OTHER, updated_at="2026-01-02T00:00:00Z")
    assert late["runs"] == [], "a replayed closing must not stop a check"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"head_repo": {"full_name": "else/shop"}}, "it comes from a fork"),
        ({"draft": True}, "it is a draft"),
        ({"base": "other"}, "nothing is made of `other`"),
    ],
)
def test_what_is_not_checked(project: Project, fields: dict[str, Any], why: str) -> None:
    hook = Hook(project)
    hook.job()
    found = hook.pull("opened", **fields)
    assert (found["runs"], found["why"]) == ([], why)


def test_what_else_starts_nothing(project: Project) -> None:
    hook = Hook(project)
    assert hook.pull("opened")["why"] == "no job checks pull requests"
    hook.job(triggers_on_draft_pr=True)
    elsewhere = github_pull("opened", commit=OTHER)
    elsewhere["repository"]["full_name"] = "Team/other"
    assert hook.send("pull_request", elsewhere).json()["why"] == "it is of another repository"
    assert len(hook.pull("opened", OTHER, draft=True)["runs"]) == 1
    assert hook.send("ping", {"zen": "x"}).status_code == 200
    assert hook.send("pull_request", b"{}").status_code == 422
    assert hook.api.delete(hook.path).status_code == 200
    assert hook.send("ping", {"zen": "y"}).status_code == 401


def test_a_merge_starts_what_runs_after_merges(project: Project) -> None:
    hook = Hook(project)
    job_id = hook.job(job_type="merge", triggers={"on_merge": True}, name="after merge")
    (run_id,) = hook.send("push", github_push(COMMIT)).json()["runs"]
    run = hook.run(run_id)
    assert (run["job_id"], run["git_sha"]) == (job_id, COMMIT)
    assert run["trigger"]["cause"] == "Push to main"
    assert hook.send("push", github_push(OTHER, "refs/heads/other")).json()["runs"] == []


def test_secret_and_token_are_not_shown_again(served: Served, project: Project) -> None:
    hook = Hook(project, "gitlab", api_url="https://gitlab.example.com/api/v4/", token=WORD)
    shown = hook.api.get(hook.path).json()
    assert shown == {
        "kind": "gitlab", "api_url": "https://gitlab.example.com/api/v4",
        "repository": REPOSITORY.lower(), "has_token": True,
        "events_url": f"{hook.api.base_url}{hook.path}/events".replace("//api", "/api"),
    }  # fmt: skip
    again = hook.api.put(hook.path, json={**shown}).json()
    assert (again["has_token"], "secret" in again) == (True, False)
    moved = hook.api.put(hook.path, json={**shown, "api_url": "https://evil.example.com"}).json()
    assert moved["has_token"] is False, "a token does not follow an address"
    if served.options:
        url = served.options[1].replace("postgresql://", "postgresql+psycopg://")
    else:
        url = f"sqlite:///{served.data / 'server.db'}"
    engine = create_engine(url)
    with engine.connect() as connection:
        kept = str(connection.execute(text("select * from providers")).all())
    engine.dispose()
    assert hook.secret not in kept
    assert WORD not in kept


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "sourceforge"}, {"repository": "shop"}, {"repository": "../../shop?x"},
        {"api_url": "file:///etc"}, {"api_url": "https://u:p@example.com"}, {"secret": "short"},
        {"token": "two\nlines"},
    ],
)  # fmt: skip
def test_what_cannot_be_set_up(project: Project, fields: dict[str, str]) -> None:
    body = {"kind": "github", "repository": REPOSITORY, **fields}
    answer = project.api.put(f"/api/upriver/v1/projects/{project.id}/provider", json=body)
    assert answer.status_code == 422, answer.text


def test_from_the_pull_request_to_the_status_of_its_commit(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "origin")
    env = {"UPRIVER_SERVER_OUTGOING": "127.0.0.0/8"}
    with (
        listening() as github,
        running_serve(tmp_path / "data", env=env) as served,
        served.client() as api,
    ):
        assert served.project_id is not None
        project = Project(
            api=api, account_id=1, id=served.project_id,
            development=served.environments["Development"],
            production=served.environments["Production"],
        )  # fmt: skip
        own = f"/api/upriver/v1/projects/{project.id}"
        output = {"type": "duckdb", "path": str(tmp_path / "w.duckdb"), "schema": "prod"}
        place = f"{own}/environments/{project.production}/connection"
        assert api.put(f"{own}/repository", json={"url": repository.as_uri()}).status_code == 200
        assert api.put(place, json={"profile": "shop", "output": output}).status_code == 200
        hook = Hook(project, api_url=github.url, token=WORD)
        hook.job(execute_steps=["dbt build"])
        git(repository, "checkout", "-qb", "my-change")
        changed = commit(repository, {"models/top.sql": "select 1 as x"})
        (run_id,) = hook.pull("opened", changed)["runs"]
        states = _told(github, ["pending", "pending", "success"])
        last = github.heard[-1]
        assert last.path == f"/repos/{REPOSITORY.lower()}/statuses/{changed}"
        assert last.headers["authorization"] == f"Bearer {WORD}"
        assert last.json["target_url"] == f"{served.url}/runs/{run_id}"
        assert states[-1] == "success", hook.run(run_id)
        broken = commit(repository, {"models/top.sql": "select broken"})
        hook.pull("synchronize", broken)
        assert _told(github, [*states, "pending", "pending", "failure"])[-1] == "failure"
        assert "Step 4 failed" in github.heard[-1].json["description"]
        assert github.heard[-1].path.endswith(broken)


def _told(github: Any, expected: list[str]) -> list[str]:
    """Wait for as many statuses; a first one may be overtaken before it was sent."""
    until = time.monotonic() + 90
    final = expected[-1]
    while not github.heard or (github.heard[-1].json["state"] != final):
        assert time.monotonic() < until, [each.json for each in github.heard]
        time.sleep(0.1)
    return [each.json["state"] for each in github.heard]
