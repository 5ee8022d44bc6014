"""Which run's artifacts are current, asked over HTTP (platform.md section 3)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server.conftest import Project
from tests.server_process import manifest, run_results

FIRST = "2026-01-01T00:00:00Z"
SECOND = "2026-01-02T00:00:00Z"


def test_there_is_no_state_before_a_run(project: Project) -> None:
    answer = project.get("state")
    assert answer.status_code == 404
    status = answer.json()["status"]
    assert "no deploy run has succeeded" in status["user_message"]
    assert "`Production`" in status["user_message"]


def test_an_upload_becomes_the_state(project: Project) -> None:
    sent = manifest("a", "b", env={"DBT_CLOUD_GIT_SHA": "0123abc"})
    assert project.upload(manifest=sent, run_results=run_results("a", "b")).status_code == 204
    answer = project.get("state")
    state = answer.json()
    assert state["environment"]["id"] == project.production
    assert state["run"]["git_sha"] == "0123abc"
    assert state["manifest"]["size"] == len(sent)
    assert state["ledger"] == {"revision": 1, "nodes": 2}
    assert state["pinned"] is False
    expected = (
        f'"e{project.production}-r{state["run"]["id"]}-l1-{state["manifest"]["sha256"][:16]}"'
    )
    assert answer.headers["etag"] == expected
    again = project.get("state", headers={"If-None-Match": expected})
    assert (again.status_code, again.content) == (304, b"")


NOT_STATE: dict[str, dict[str, bytes]] = {
    "failed": {"manifest": manifest("a"), "run_results": run_results("a", failed=["b"])},
    "parsed only": {"manifest": manifest("a")},
    "compiled only": {
        "manifest": manifest("a"), "run_results": run_results("a", which="compile")
    },
    "tested only": {"manifest": manifest("a"), "run_results": run_results("a", which="test")},
    "empty": {
        "manifest": manifest("a"), "run_results": run_results("a", args={"empty": True})
    },
    "pull request": {
        "manifest": manifest("a", env={"DBT_CLOUD_PR_ID": "7"}), "run_results": run_results("a")
    },
    "no manifest": {"run_results": run_results("a")},
    "version of long ago": {
        "manifest": manifest("a", version=3), "run_results": run_results("a")
    },
}  # fmt: skip


@pytest.mark.parametrize("files", NOT_STATE.values(), ids=[*NOT_STATE])
def test_what_is_not_a_deploy_run_is_never_state(
    project: Project, files: dict[str, bytes]
) -> None:
    assert project.upload(**files).status_code == 204
    assert project.get("state").status_code == 404


def test_the_pointer_never_moves_to_an_older_run(project: Project) -> None:
    project.upload(manifest=manifest("new", generated_at=SECOND),
                   run_results=run_results("new", generated_at=SECOND))  # fmt: skip
    newest = project.get("state").json()["run"]["id"]
    project.upload(manifest=manifest("old"), run_results=run_results("old", generated_at=FIRST))
    assert project.get("state").json()["run"]["id"] == newest


def _two_runs(project: Project) -> tuple[int, int]:
    runs = []
    for moment in (FIRST, SECOND):
        project.upload(manifest=manifest("a", generated_at=moment),
                       run_results=run_results("a", generated_at=moment))  # fmt: skip
        runs.append(project.get("state").json()["run"]["id"])
    return runs[0], runs[1]


def test_pin_and_unpin(project: Project) -> None:
    older, newer = _two_runs(project)
    assert older < newer
    pinned = project.post(f"environments/{project.production}/pin", {"run_id": older}).json()
    assert (pinned["run"]["id"], pinned["pinned"]) == (older, True)
    moment = "2026-01-03T00:00:00Z"
    project.upload(manifest=manifest("a"), run_results=run_results("a", generated_at=moment))
    assert project.get("state").json()["run"]["id"] == older
    free = project.post(f"environments/{project.production}/pin", {"run_id": None}).json()
    assert free["run"]["id"] > newer
    assert free["pinned"] is False


def test_only_a_usable_run_can_be_pinned(project: Project) -> None:
    _two_runs(project)
    refused = project.post(f"environments/{project.production}/pin", {"run_id": 999_999})
    assert refused.status_code == 422


def _environment(project: Project, **wanted: Any) -> int:
    return int(project.post("environments", wanted).json()["id"])


def test_staging_comes_first_and_does_not_fall_through(project: Project) -> None:
    project.upload(manifest=manifest("a"), run_results=run_results("a"))
    staging = _environment(project, name="Staging", deployment_type="staging")
    refused = project.get("state")
    assert refused.status_code == 404
    assert "`Staging`" in refused.json()["status"]["user_message"]
    # An explicit wish is followed.
    explicit = project.get("state", params={"environment_id": project.production})
    assert explicit.status_code == 200
    project.upload(staging, manifest=manifest("a"), run_results=run_results("a"))
    assert project.get("state").json()["environment"]["id"] == staging


def test_environments_that_are_not_deployments_or_elsewhere_are_not_found(
    project: Project,
) -> None:
    for number in (project.development, 1_000_000):
        answer = project.get("state", params={"environment_id": number})
        assert answer.status_code == 404
        assert f"environment {number}" in answer.json()["status"]["user_message"]


def test_one_production_per_project(project: Project) -> None:
    again = project.post("environments", {"name": "Two", "deployment_type": "production"})
    assert again.status_code == 409


def test_environments_are_listed_with_their_states(project: Project) -> None:
    project.upload(manifest=manifest("a"), run_results=run_results("a"))
    first, second = project.get("environments").json()["environments"]
    assert (first["type"], first["is_deferrable"], first["state"]) == ("development", False, None)
    assert second["is_deferrable"] is True
    assert second["state"]["environment"]["id"] == project.production


def test_a_parsed_manifest_is_state_where_that_is_wanted(project: Project) -> None:
    general = _environment(project, name="Drafts", accepts_parsed=True)
    project.upload(general, manifest=manifest("a"))
    assert project.get("state", params={"environment_id": general}).status_code == 200
