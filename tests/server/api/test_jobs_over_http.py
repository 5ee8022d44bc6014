"""Jobs and runs over HTTP, as clients of the v2 and v3 interfaces ask (platform.md 5 and 6)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import Project
from tests.server.sample_project import commit, new_repository

from upriver.server.api.lists import _read_list


class Jobs:
    """A project with a repository and a warehouse, and short ways to ask about its jobs."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.api = project.api
        self.repository = new_repository(folder / "origin")
        self.v2 = f"/api/v2/accounts/{project.account_id}"
        self.v3 = f"/api/v3/accounts/{project.account_id}"
        own = f"/api/upriver/v1/projects/{project.id}"
        output = {"type": "duckdb", "path": str(folder / "w.duckdb"), "schema": "prod",
                  "password": "hush-hush"}  # fmt: skip
        for path, body in (
            (f"{own}/repository", {"url": self.repository.as_uri()}),
            (f"{own}/environments/{project.production}/connection",
             {"profile": "shop", "output": {k: v for k, v in output.items() if k != "password"}}),
        ):  # fmt: skip
            assert self.api.put(path, json=body).status_code == 200

    def job(self, *steps: str, **fields: Any) -> dict[str, Any]:
        body = {
            "name": "nightly", "project_id": self.project.id,
            "environment_id": self.project.production, "execute_steps": list(steps), **fields,
        }  # fmt: skip
        answer = self.api.post(f"{self.v2}/jobs/", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def start(self, job: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = self.api.post(f"{self.v2}/jobs/{job['id']}/run/", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def read(self, run: dict[str, Any], *related: str) -> dict[str, Any]:
        query = {"include_related": json.dumps(related)} if related else {}
        return self.api.get(f"{self.v2}/runs/{run['id']}/", params=query).json()["data"]

    def ended(self, run: dict[str, Any], *related: str) -> dict[str, Any]:
        until = time.monotonic() + 90
        while not (found := self.read(run))["is_complete"]:
            assert time.monotonic() < until, self.read(run, "run_steps")
            time.sleep(0.1)
        return self.read(run, *related) if related else found


@pytest.fixture
def work(project: Project, tmp_path: Path) -> Jobs:
    return Jobs(project, tmp_path)


def test_a_job_is_run_and_what_it_left_is_handed_out(work: Jobs) -> None:
    job = work.job("dbt build", generate_docs=True)
    started = work.start(job, cause="a test")
    assert (started["status_humanized"], started["job"]["id"]) == ("Queued", job["id"])
    run = work.ended(started, "run_steps", "trigger", "job")
    assert (run["status"], run["status_humanized"]) == (10, "Success"), run["run_steps"]
    assert [step["index"] for step in run["run_steps"]] == [1, 2, 3, 4, 5]
    assert run["run_steps"][3]["name"] == "Invoke dbt with `dbt build`"
    assert "Completed successfully" in run["run_steps"][3]["logs"]
    assert all(step["logs"] for step in run["run_steps"])
    assert run["trigger"]["cause"] == "a test"
    path = f"{work.v2}/runs/{run['id']}/artifacts"
    written = ["manifest.json", "run_results.json", "semantic_manifest.json"]
    assert work.api.get(f"{path}/").json()["data"] == ["catalog.json", *written]
    assert work.api.get(f"{path}/", params={"step": 4}).json()["data"] == [
        *written, "upriver_builds.json",
    ]  # fmt: skip
    answer = work.api.get(f"{path}/run_results.json", params={"step": 4})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["metadata"]["env"]["DBT_CLOUD_RUN_ID"] == str(run["id"])
    assert work.api.get(f"{path}/nothing.json").status_code == 404
    newest = work.api.get(f"{work.v2}/jobs/{job['id']}/artifacts/manifest.json")
    assert "model.shop.top" in newest.json()["nodes"]
    state = work.project.get("state").json()
    assert state["run"]["id"] == run["id"]
    assert state["ledger"]["nodes"] == 2
    # The documentation's own results are not what production built.
    results = work.project.get("state/artifacts/run_results.json").json()
    assert results["args"]["which"] == "build"
    read = work.api.get(
        f"{work.v2}/jobs/{job['id']}/", params={"include_related": "most_recent_run"}
    )
    assert read.json()["data"]["most_recent_run"]["id"] == run["id"]
    assert read.json()["data"]["is_deferrable"]


def test_a_failure_is_retried(work: Jobs) -> None:
    broken = "{{ config(materialized='table') }} select error('no') as id from {{ ref('base') }}"
    commit(work.repository, {"models/top.sql": broken})
    job = work.job("dbt run")
    run = work.ended(work.start(job))
    assert (run["status"], run["can_retry"]) == (20, True)
    shown = work.api.get(f"{work.v2}/runs/{run['id']}/retry/").json()["data"]
    assert shown == {"failed_step": "Invoke dbt with `dbt run`", "skipped_steps": []}
    commit(work.repository, {"models/top.sql": "select 7 as id"})
    again = work.api.post(f"{work.v2}/runs/{run['id']}/retry/").json()["data"]
    twice = work.api.post(f"{work.v2}/runs/{run['id']}/retry/")
    assert twice.status_code == 409 or twice.json()["data"]["id"] == again["id"]
    assert work.ended(again)["status"] == 10
    refused = work.api.post(f"{work.v2}/runs/{again['id']}/retry/")
    assert (refused.status_code, "RETRY_NOT_FAILED_RUN" in refused.text) == (409, True)


def test_cancelled_before_it_begins(work: Jobs) -> None:
    slow = """
        {{ config(materialized='table') }}
        select count(*) as n from range(10000000) a, range(10000000) b
        where (a.range * b.range) % 7 = 3
    """
    commit(work.repository, {"models/slow.sql": slow})
    job = work.job("dbt run")
    first, second = work.start(job), work.start(job)
    for run in (second, first):
        answer = work.api.post(f"{work.v2}/runs/{run['id']}/cancel/")
        assert answer.status_code == 200
    ends = [work.ended(run) for run in (first, second)]
    assert [run["is_cancelled"] for run in ends] == [True, True]
    assert work.api.get(f"{work.v2}/runs/{first['id']}/cancel/").status_code == 405


def test_what_it_prints_is_sent_while_it_prints_it(work: Jobs) -> None:
    run = work.start(work.job("dbt build"))
    events = []
    with work.api.stream("GET", f"/api/upriver/v1/runs/{run['id']}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
    assert events[-1] == {"status": 10}
    told: dict[int, list[str]] = {}
    for event in events[:-1]:
        told.setdefault(event["step"], []).append(event["text"])
    steps = work.read(run, "run_steps")["run_steps"]
    assert {step: "\n".join(texts) for step, texts in told.items()} == {
        step["index"]: step["logs"] for step in steps
    }


def test_jobs_are_written_read_and_taken_away(work: Jobs) -> None:
    job = work.job(
        "dbt build", triggers={"schedule": True},
        schedule={"date": {"type": "days_of_week", "days": [1]},
                  "time": {"type": "at_exact_hours", "hours": [6]}},
    )  # fmt: skip
    assert (job["schedule"]["cron"], job["job_type"]) == ("0 6 * * 1", "scheduled")
    assert job["next_run"] is not None
    path = f"{work.v2}/jobs/{job['id']}"
    same = work.api.post(path, json=job).json()["data"]
    assert {**same, "updated_at": None, "next_run_humanized": None} == {
        **job, "updated_at": None, "next_run_humanized": None,
    }  # fmt: skip
    off = work.api.post(f"{path}/", json={**job, "triggers": {"schedule": False}}).json()["data"]
    assert off["next_run"] is None
    gone = work.api.delete(path)
    assert (gone.status_code, gone.json()["data"]["state"]) == (200, 2)
    assert work.api.get(path).status_code == 404
    assert (
        work.api.get(f"{work.v2}/jobs/", params={"project_id": work.project.id}).json()["data"]
        == []
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"execute_steps": ["rm -rf /", "dbt biuld"]}, "`dbt biuld` is no command"),
        ({"environment_id": 999_999}, "deployment environment"),
        ({"schedule": {"date": {"type": "custom_cron", "cron": "x"}}}, "cron line"),
        ({"deferring_environment_id": 999_999}, "deferring_environment_id"),
        ({"settings": {"threads": 0}}, "threads"),
        ({"name": ""}, "`name` is missing"),
        ({"job_type": "odd"}, "`job_type` is none of"),
    ],
)
def test_what_is_wrong_with_a_job(work: Jobs, fields: dict[str, Any], said: str) -> None:
    body = {
        "name": "j", "project_id": work.project.id, "environment_id": work.project.production,
        "execute_steps": ["dbt build"],
    }  # fmt: skip
    answer = work.api.post(f"{work.v2}/jobs/", json={**body, **fields})
    assert answer.status_code == 422
    assert said in answer.json()["status"]["user_message"]


def test_variables_by_level_and_secrets_masked(work: Jobs) -> None:
    job = work.job("dbt run-operation say")
    path = f"{work.v3}/projects/{work.project.id}/environment-variables"
    for body in (
        {"name": "DBT_ENV_SECRET_WORD", "raw_value": "hush-hush-word"},
        {"name": "DBT_COPY", "raw_value": "project"},
        {"name": "DBT_COPY", "raw_value": "a hush-hush-word", "job_definition_id": job["id"]},
    ):
        answer = work.api.post(f"{path}/", json=body)
        assert answer.status_code == 200, answer.text
        assert "hush-hush" not in answer.text or body["name"] == "DBT_COPY"
    found = work.api.get(f"{path}/job/", params={"job_definition_id": job["id"]}).json()["data"]
    assert found["DBT_ENV_SECRET_WORD"]["project"]["value"] == "********"
    assert found["DBT_COPY"]["job"]["value"] == "a hush-hush-word"
    run = work.ended(work.start(job), "run_steps", "debug_logs")
    assert run["status"] == 10
    text = json.dumps(run["run_steps"])
    assert "said a *****" in text
    assert "hush-hush" not in text
    variable = found["DBT_COPY"]["job"]["id"]
    assert work.api.delete(f"{path}/{variable}/").status_code == 200
    left = work.api.get(f"{path}/job/", params={"job_definition_id": job["id"]}).json()["data"]
    assert left["DBT_COPY"]["job"] is None


def test_the_same_trigger_twice_is_one_run(work: Jobs) -> None:
    job = work.job("dbt parse")
    path = f"{work.v2}/jobs/{job['id']}/run/"
    ids = {
        work.api.post(path, json={}, headers={"Idempotency-Key": "k"}).json()["data"]["id"]
        for _ in range(3)
    }
    assert len(ids) == 1


@pytest.mark.parametrize("body", [b"", b"null", b"{}"])
def test_a_trigger_needs_no_body(work: Jobs, body: bytes) -> None:
    job = work.job("dbt parse")
    answer = work.api.post(f"{work.v2}/jobs/{job['id']}/run", content=body)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b", ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ("[10, 20]", ["10", "20"]),
        ("[10,20]", ["10", "20"]),
        ("['a','b']", ["a", "b"]),
        ("[a,b]", ["a", "b"]),
        ("10", ["10"]),
        ("", [""]),
    ],
)
def test_lists_are_read_however_they_are_written(text: str, words: list[str]) -> None:
    assert list(_read_list(text)) == words


def test_pages(work: Jobs) -> None:
    for number in range(5):
        work.job("dbt parse", name=f"job {number} [[id{number}]]")
    path, query = f"{work.v2}/jobs", {"project_id": work.project.id}
    one = work.api.get(path, params={**query, "limit": 2, "offset": 2, "order_by": "-id"}).json()
    assert [job["name"] for job in one["data"]] == ["job 2 [[id2]]", "job 1 [[id1]]"]
    assert one["extra"]["pagination"] == {"count": 2, "total_count": 5}
    assert work.api.get(path, params={**query, "limit": 5000}).json()["extra"]["filters"] == {
        "limit": 100, "offset": 0,
    }  # fmt: skip
    part = work.api.get(path, params={**query, "name__icontains": "JOB 3"}).json()
    assert len(part["data"]) == 1
