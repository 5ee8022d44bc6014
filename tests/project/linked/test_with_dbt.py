"""Production is dbt-core's own; a linked laptop reads what dbt itself would, deferring to it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.certificates import make_certificates
from tests.cli.shop_project import PROFILE, Shop
from tests.server_process import running_serve

DBT = os.environ.get("UPRIVER_ORACLE_DBT")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not DBT, reason="UPRIVER_ORACLE_DBT names no dbt"),
]
FILES = {
    "dbt_project.yml": """\
name: shop
version: "1.0"
profile: shop
dbt-cloud: {tenant_hostname: "%s"}
""",
    "models/orders.sql": "select id, customer from {{ ref('raw') }}",
    "models/customers.sql": "{{ config(materialized='table') }}"
    "select customer, count(*) as n from {{ ref('orders') }} group by all",
    "models/both.sql": "select * from {{ ref('customers') }} cross join {{ ref('raw') }}",
    "seeds/raw.csv": "id,customer\n1,Ada\n2,Grace\n3,Ada\n",
}


def test_production_of_dbt(tmp_path: Path) -> None:
    # R-18, DEF: differential, on compiled SQL
    made = make_certificates(tmp_path)
    options = ["--tls-cert", made.cert, "--tls-key", made.key]
    with running_serve(tmp_path / "data", options=options, ca=made.ca) as served:
        shop = Shop(tmp_path, FILES)
        project = FILES["dbt_project.yml"] % urlsplit(served.url).netloc
        shop.write({"dbt_project.yml": project, "profiles.yml": PROFILE})
        shop.env |= {"REQUESTS_CA_BUNDLE": served.ca or "", "NO_PROXY": "*"}

        def dbt(*words: str, **env: str) -> str:
            done = subprocess.run(
                [str(DBT), *words], cwd=tmp_path, capture_output=True, text=True, check=False,
                env={**os.environ, **shop.env, "PYTHONPATH": "", **env,
                     "DBT_SEND_ANONYMOUS_USAGE_STATS": "False"},
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        dbt(
            "build", "--target", "prod", "--target-path", "published",
            DBT_CLOUD_ACCOUNT_ID=str(served.account_id), DBT_CLOUD_TOKEN=served.token,
            DBT_CLOUD_ENVIRONMENT_ID=str(served.environments["Production"]),
            DBT_UPLOAD_TO_ARTIFACTS_INGEST_API="True",
            DBT_ENV_CUSTOM_ENV_GIT_SHA="0123456789abcdef",
        )  # fmt: skip
        said = shop("login", served.url, DBT_CLOUD_TOKEN=served.token)
        assert "Commands defer to Production @01234567" in said.out, said.out
        said = shop("run", "-s", "customers", "both")
        assert said.exit_code == 0, said.out
        assert "to Production @01234567" in said.out
        mine = compiled(tmp_path)
        shop.rows("select 1")
        dbt("run", "-s", "customers", "both", "--defer", "--state", "published")
        assert compiled(tmp_path) == mine
        assert '"prod"."orders"' in mine["customers"]


def compiled(root: Path) -> dict[str, str]:
    """Return the SQL of the models that were run."""
    folder = root / "target" / "compiled" / "shop" / "models"
    return {name: (folder / f"{name}.sql").read_text().strip() for name in ("customers", "both")}
