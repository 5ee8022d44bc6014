"""Uploads as runs of the v2 interface, asked for in the ways of existing clients (platform.md 5)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.server.conftest import Project
from tests.server_process import manifest, run_results

FILES = {"manifest": manifest("a"), "run_results": run_results("a")}


class Account:
    """The v2 interface of a project's account."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.v2 = f"/api/v2/accounts/{project.account_id}"

    def get(self, path: str, **params: Any) -> Any:
        return self.answer(self.project.api.get(self.v2 + path, params=params))

    def post(self, path: str, body: object = None) -> Any:
        return self.answer(self.project.api.post(self.v2 + path, json=body))

    @staticmethod
    def answer(answer: httpx.Response) -> Any:
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["status"]["code"], body["status"]["is_success"]) == (200, True)
        return body

    def job(self, name: str = "nightly", **fields: Any) -> dict[str, Any]:
        minimal = {
            "project_id": self.project.id, "environment_id": self.project.production, "name": name,
        }  # fmt: skip
        made: dict[str, Any] = self.post("/jobs/", {**minimal, **fields})["data"]
        return made


@pytest.fixture
def account(project: Project) -> Account:
    return Account(project)


def test_an_upload_shows_as_a_run(account: Account) -> None:
    account.project.upload(**FILES)
    found = account.get("/runs/", project_id=account.project.id)
    (run,) = found["data"]
    assert found["extra"]["pagination"] == {"count": 1, "total_count": 1}
    assert (run["status"], run["status_humanized"], run["is_complete"]) == (10, "Success", True)
    assert run["href"].endswith(f"/runs/{run['id']}")
    shown = account.get(f"/runs/{run['id']}", include_related='["run_steps", "trigger"]')["data"]
    assert shown["trigger"]["cause_category"] == "ingest"
    assert [step["index"] for step in shown["run_steps"]] == [1, 2, 3, 4]
    assert shown["run_steps"][0]["name"] == "Clone git repository"
    assert shown["run_steps"][3]["name"] == "Invoke dbt with `dbt build`"
    assert all(step["logs"] for step in shown["run_steps"])


def test_artifacts_of_a_run(account: Account) -> None:
    account.project.upload(**FILES)
    run = account.get("/runs/", project_id=account.project.id)["data"][0]["id"]
    names = account.get(f"/runs/{run}/artifacts/")["data"]
    assert names == ["manifest.json", "run_results.json"]
    assert account.get(f"/runs/{run}/artifacts/", step=4)["data"] == names
    assert account.get(f"/runs/{run}/artifacts/", step=1)["data"] == []
    path = f"{account.v2}/runs/{run}/artifacts/manifest.json"
    for suffix in ("", "/", "?step=4"):
        answer = account.project.api.get(path + suffix)
        assert answer.content == FILES["manifest"]
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-disposition"].startswith("attachment")
    assert account.project.api.get(path + "?step=1").status_code == 404
    absent = account.project.api.get(f"{account.v2}/runs/{run}/artifacts/compiled/x.sql")
    assert (absent.status_code, absent.json()["data"]) == (404, None)


STYLES = [
    {"status__in": "10,20"},
    {"status__in": ["10", "20"]},
    {"status__in": "[10, 20]"},
    {"status__in": '["10", "20"]'},
    {"status__in": "['10','20']"},
    {"status__in": ["10,30", "20"]},
    {"status": 10},
    {"order_by": "-id"},
    {"order_by": "nonsense", "limit": 5000, "unknown": "x"},
    {"finished_at__range": '["2025-12-31T00:00:00Z", "2026-01-02 00:00:00"]'},
    {"include_related": ["run_steps"], "offset": "0"},
]


@pytest.mark.parametrize("params", STYLES, ids=str)
def test_lists_are_asked_for_in_many_ways(account: Account, params: dict[str, Any]) -> None:
    account.project.upload(**FILES)
    account.project.upload(manifest=FILES["manifest"], run_results=run_results("a", failed=["b"]))
    found = account.get("/runs/", project_id=account.project.id, **params)
    expected = 1 if params == {"status": 10} else 2
    assert len(found["data"]) == expected
    assert found["extra"]["filters"]["limit"] == 100
    ids = [run["id"] for run in found["data"]]
    assert ids == sorted(ids, reverse=params.get("order_by") == "-id")


def test_pages(account: Account) -> None:
    for _ in range(3):
        account.project.upload(**FILES)
    found = account.get("/runs/", project_id=account.project.id, limit=2, offset=2)
    assert len(found["data"]) == 1
    assert found["extra"]["filters"] == {"limit": 2, "offset": 2}
    assert found["extra"]["pagination"] == {"count": 1, "total_count": 3}


JOB_FIELDS = {
    "id", "account_id", "project_id", "environment_id", "name", "description", "dbt_version",
    "raw_dbt_version", "deferring_environment_id", "deferring_job_definition_id", "execute_steps",
    "execution", "generate_docs", "run_generate_sources", "generate_sources", "run_lint",
    "errors_on_lint_failure", "run_compare_changes", "compare_changes_flags", "job_type",
    "is_deferrable", "is_system", "lifecycle_webhooks", "lifecycle_webhooks_url",
    "run_failure_count", "deactivated", "deactivation_reason", "settings", "state",
    "triggers_on_draft_pr", "triggers", "schedule", "cron_humanized", "next_run",
    "next_run_humanized", "job_completion_trigger_condition", "cost_optimization_features",
    "force_node_selection", "created_at", "updated_at", "account", "project", "environment",
    "most_recent_run", "most_recent_completed_run",
}  # fmt: skip
"""Exactly these: a closed model of a client's accepts no other (platform.md 6.4)."""


def test_a_job_from_the_least_there_can_be(account: Account) -> None:
    job = account.job("[[nightly]] build")
    assert job.keys() == JOB_FIELDS
    assert job["execute_steps"] == ["dbt build"]
    assert job["settings"] == {"threads": 4, "target_name": "default"}
    assert job["schedule"]["cron"] == "0 * * * *"
    assert (job["job_type"], job["state"]) == ("other", 1)
    again = account.get(f"/jobs/{job['id']}", include_related="[environment,most_recent_run]")
    assert again["data"]["name"] == "[[nightly]] build"
    assert again["data"]["environment"]["id"] == account.project.production
    assert again["data"]["most_recent_run"] is None
