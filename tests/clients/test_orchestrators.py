"""Dagster and Cosmos run a project with upriver as their dbt executable.

Each stands in an environment of its own, below `.cache/clients` (`make clients`) or the directory
that `UPRIVER_CLIENTS` names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import duckdb
import pytest

HERE = Path(__file__).parent
CLIENTS = Path(os.environ.get("UPRIVER_CLIENTS") or HERE.parents[1] / ".cache" / "clients")
EXECUTABLE = str(Path(sysconfig.get_path("scripts")) / "upriver")

pytestmark = pytest.mark.xdist_group("clients")


def _bin_of(client: str) -> Path:
    path = CLIENTS / client / "bin"
    if not path.exists():
        pytest.skip(f"{client} is not installed: `make clients` does it")
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "project", tmp_path / "shop"))


def _environment(project: Path) -> dict[str, str]:
    quiet = {"DO_NOT_TRACK": "1", "SCARF_NO_ANALYTICS": "1"}
    return {**os.environ, **quiet, "SHOP_DUCKDB": str(project / "shop.duckdb")}


def _customers(project: Path) -> list[tuple[str, int]]:
    with duckdb.connect(str(project / "shop.duckdb"), read_only=True) as connection:
        rows = connection.execute("select customer, amount from dev.customers order by 1")
        return [(customer, int(amount)) for customer, amount in rows.fetchall()]


def test_dagster_builds_assets_and_sees_checks(project: Path, tmp_path: Path) -> None:
    python = _bin_of("dagster") / "python"
    ran = subprocess.run(
        [str(python), str(HERE / "dagster_build.py"), str(project), EXECUTABLE],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(project) | {"DAGSTER_HOME": str(tmp_path)},
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    seen = json.loads(ran.stdout.splitlines()[-1])
    assert seen["success"] is True, ran.stderr[-3000:]
    assert seen["assets"] == ["customers", "orders", "stg_orders"]
    assert [check[1:] for check in seen["checks"]] == [
        [False, "WARN"],
        [True, "ERROR"],
        [True, "ERROR"],
    ]
    assert _customers(project) == [("ada", 15), ("grace", 20)]


def test_cosmos_makes_tasks_and_runs_them(project: Path, tmp_path: Path) -> None:
    airflow = _bin_of("cosmos") / "airflow"
    (tmp_path / "dags").mkdir()
    shutil.copy(HERE / "cosmos_dag.py", tmp_path / "dags")
    env = _environment(project) | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "SHOP_PROJECT": str(project),
        "SHOP_EXECUTABLE": EXECUTABLE,
    }
    outputs = [
        subprocess.run(
            [str(airflow), *command], capture_output=True, text=True, check=True, env=env
        ).stdout
        for command in (["db", "migrate"], ["dags", "reserialize"], ["dags", "test", "shop"])
    ]
    for task in ("orders_seed", "stg_orders.run", "stg_orders.test", "customers.run"):
        assert f"task_id={task}" in outputs[-1]
    assert "state=success" in outputs[-1].split("DagRun Finished")[-1]
    assert _customers(project) == [("ada", 15), ("grace", 20)]
