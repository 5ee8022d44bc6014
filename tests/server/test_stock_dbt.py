"""Unmodified dbt-core uploads its artifacts over TLS with a private authority, by its own settings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.certificates import make_certificates
from tests.server_process import Served, running_serve

DBT = os.environ.get("UPRIVER_ORACLE_DBT")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not DBT, reason="UPRIVER_ORACLE_DBT names no dbt"),
]

FILES = {
    "dbt_project.yml": """
name: shop
profile: shop
models:
  +materialized: table
dbt-cloud:
  tenant_hostname: "{host}"
""",
    "profiles.yml": """
shop:
  target: prod
  outputs:
    prod:
      type: duckdb
      path: "{folder}/shop.duckdb"
      schema: prod
""",
    "models/orders.sql": "select 1 as id",
    "models/customers.sql": "select id from {{{{ ref('orders') }}}}",
}


def _project(folder: Path, served: Served) -> None:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(host=urlsplit(served.url).netloc, folder=folder))


def _dbt(folder: Path, served: Served, *words: str) -> str:
    environment = {
        **os.environ,
        "DBT_CLOUD_ACCOUNT_ID": str(served.account_id),
        "DBT_CLOUD_ENVIRONMENT_ID": str(served.environments["Production"]),
        "DBT_CLOUD_TOKEN": served.token,
        "DBT_UPLOAD_TO_ARTIFACTS_INGEST_API": "True",
        "DBT_ENV_CUSTOM_ENV_GIT_SHA": "0123456789abcdef",
        "REQUESTS_CA_BUNDLE": served.ca or "",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "PYTHONPATH": "",
    }
    assert DBT is not None
    done = subprocess.run(
        [DBT, *words, "--profiles-dir", str(folder)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_dbt_publishes_and_the_server_serves(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    options = ["--tls-cert", made.cert, "--tls-key", made.key]
    with running_serve(tmp_path / "data", options=options, ca=made.ca) as served:
        folder = tmp_path / "shop"
        _project(folder, served)
        said = _dbt(folder, served, "build")
        assert "Completed successfully" in said, said
        assert "uploaded" in said.lower(), said
        with served.client() as api:
            place = f"/api/upriver/v1/projects/{served.project_id}/state"
            state = api.get(place).json()
            assert state["run"]["git_sha"] == "0123456789abcdef"
            assert state["manifest"]["dbt_version"].startswith("1.11")
            assert state["ledger"] == {"revision": 1, "nodes": 2}
            found = api.get(f"{place}/index").json()
            node = found["nodes"]["model.shop.orders"]
            assert node["relation_name"] == '"shop"."prod"."orders"'
            assert (
                found["upriver_builds"]["model.shop.orders"]["relation"] == node["relation_name"]
            )
            exact = api.get(f"{place}/artifacts/manifest.json")
            assert exact.content == (folder / "target" / "manifest.json").read_bytes()
            # Commands that build nothing upload too, and change nothing.
            for words in (["parse"], ["compile"]):
                assert "uploaded" in _dbt(folder, served, *words).lower()
                assert api.get(place).json() == state
            # A failing build is kept as a run, and never as state.
            (folder / "models" / "customers.sql").write_text("select no_such_column")
            _dbt(folder, served, "build")
            assert api.get(place).json()["run"] == state["run"]
            assert api.get(place).json()["ledger"]["revision"] == 2
