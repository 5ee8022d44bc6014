"""Clients of dbt's hosted platform, as they are published, with `upriver serve` behind TLS (R-16).

Each stands in an environment of its own, below `.cache/clients` (`make clients`) or the directory
that `UPRIVER_CLIENTS` names. The certificate is from an authority that only the tests know.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.certificates import make_certificates
from tests.server.sample_project import new_repository
from tests.server_process import Served, running_serve

HERE = Path(__file__).parent
CLIENTS = Path(os.environ.get("UPRIVER_CLIENTS") or HERE.parents[1] / ".cache" / "clients")
NODES = ["model.shop.base", "model.shop.top"]
FILES = ["manifest.json", "run_results.json", "semantic_manifest.json", "upriver_builds.json"]

pytestmark = pytest.mark.xdist_group("clients")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A server with a project, a job, and the authority that vouches for it."""

    served: Served
    job: int
    project: int
    environment: int
    folder: Path

    @property
    def host(self) -> str:
        return self.served.url.removeprefix("https://")

    @property
    def v2(self) -> str:
        return f"/api/v2/accounts/{self.served.account_id}"

    def call(self, client: str, program: list[str], **env: str) -> str:
        path = CLIENTS / client / "bin"
        if not path.exists():
            pytest.skip(f"{client} is not installed: `make clients` does it")
        trust = {"REQUESTS_CA_BUNDLE": self.served.ca, "SSL_CERT_FILE": self.served.ca}
        quiet = {"DO_NOT_TRACK": "1", "AIRFLOW_HOME": str(self.folder), "HOME": str(self.folder),
                 "PREFECT_HOME": str(self.folder), "DAGSTER_HOME": ""}  # fmt: skip
        ran = subprocess.run(
            [str(path / program[0]), *program[1:]], capture_output=True, text=True, check=False,
            cwd=self.folder, env={**os.environ, **quiet, **trust, **env},
        )  # fmt: skip
        assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"
        return ran.stdout

    def play(self, client: str, script: str, *words: Any) -> Any:
        program = ["python", str(HERE / "platform" / script), *map(str, words)]
        return json.loads(self.call(client, program).splitlines()[-1])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("platform")
    made = make_certificates(folder)
    repository = new_repository(folder / "origin")
    options = ["--tls-cert", made.cert, "--tls-key", made.key]
    with (
        running_serve(folder / "data", options=options, ca=made.ca) as served,
        served.client() as api,
    ):
        yield _ready(api, served, repository, folder)


def _ready(api: httpx.Client, served: Served, repository: Path, folder: Path) -> Site:
    project, environment = served.project_id, served.environments["Production"]
    own = f"/api/upriver/v1/projects/{project}"
    output = {"type": "duckdb", "path": str(folder / "w.duckdb"), "schema": "prod"}
    for path, body in (
        (f"{own}/repository", {"url": repository.as_uri()}),
        (f"{own}/environments/{environment}/connection", {"profile": "shop", "output": output}),
    ):
        assert api.put(path, json=body).status_code == 200
    job = {
        "name": "nightly", "project_id": project, "environment_id": environment,
        "execute_steps": ["dbt build"],
    }  # fmt: skip
    made = api.post(f"/api/v2/accounts/{served.account_id}/jobs/", json=job).json()["data"]
    return Site(
        served=served, job=made["id"], project=project or 0, environment=environment,
        folder=folder,
    )  # fmt: skip


def test_dbtc(site: Site) -> None:
    words = (site.served.token, site.served.account_id, site.project, site.job)
    seen = site.play("dbtc", "use_dbtc.py", site.host, *words)
    assert seen == {
        "jobs": [site.job], "projects": True, "status": 10, "files": FILES, "nodes": NODES,
        "last": True, "deleted": True,
    }  # fmt: skip


def test_dagster(site: Site) -> None:
    words = (site.served.token, site.served.account_id, site.project, site.job, site.environment)
    seen = site.play("dagster", "use_dagster.py", site.served.url, *words)
    assert site.job in seen.pop("jobs")
    assert seen == {
        "status": 10, "files": FILES, "built": ["model.shop.base"], "run": True, "nodes": NODES,
        "project": "shop", "environment": "Production",
    }  # fmt: skip


def test_airflow(site: Site) -> None:
    words = (site.served.token, site.served.account_id, site.project, site.job)
    seen = site.play("airflow-dbt-cloud", "use_airflow.py", site.host, *words)
    assert site.job in seen.pop("jobs")
    assert seen == {
        "projects": True, "done": True, "files": FILES, "nodes": NODES, "last": True,
        "connected": True,
    }  # fmt: skip


def test_prefect(site: Site) -> None:
    words = (site.served.token, site.served.account_id, site.job)
    seen = site.play("prefect-dbt", "use_prefect.py", site.host, *words)
    assert seen == {
        "job": "nightly", "status": 10, "commands": ["dbt build"], "files": FILES, "nodes": NODES,
    }  # fmt: skip


def test_dbt_cloud_cli(site: Site) -> None:
    env = {
        "DBT_CLOUD_API_TOKEN": site.served.token,
        "DBT_CLOUD_ACCOUNT_ID": str(site.served.account_id),
        "DBT_CLOUD_HOST": site.host,
        "DBT_CLOUD_JOB_ID": str(site.job),
    }
    said = site.call("dbt-cloud-cli", ["dbt-cloud", "job", "run", "--wait"], **env)
    assert "dbt Cloud job run completed successfully" in said or '"status": 10' in said, said
    listed = json.loads(
        site.call("dbt-cloud-cli", ["dbt-cloud", "job", "list", "--project-id", str(site.project)],
                  **env)
    )  # fmt: skip
    assert site.job in [each["id"] for each in listed["data"]]
    with site.served.client() as api:
        query = {"job_definition_id": site.job, "order_by": "-id", "limit": 1}
        run = api.get(f"{site.v2}/runs/", params=query).json()["data"][0]
    file = site.folder / "fetched.json"
    words = ["--run-id", str(run["id"]), "--path", "manifest.json", "-f", str(file)]
    site.call("dbt-cloud-cli", ["dbt-cloud", "run", "get-artifact", *words], **env)
    assert sorted(json.loads(file.read_text())["nodes"]) == NODES
