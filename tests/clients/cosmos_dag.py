"""An Airflow DAG of a project's models, made by Cosmos: Airflow loads this file by itself."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from cosmos import DbtDag, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import InvocationMode, LoadMode

root, executable = Path(os.environ["SHOP_PROJECT"]), os.environ["SHOP_EXECUTABLE"]
shop = DbtDag(
    dag_id="shop",
    project_config=ProjectConfig(dbt_project_path=root, install_dbt_deps=False),
    profile_config=ProfileConfig(
        profile_name="p", target_name="dev", profiles_yml_filepath=root / "profiles.yml"
    ),
    execution_config=ExecutionConfig(
        dbt_executable_path=executable, invocation_mode=InvocationMode.SUBPROCESS
    ),
    render_config=RenderConfig(
        load_method=LoadMode.DBT_LS,
        dbt_executable_path=executable,
        invocation_mode=InvocationMode.SUBPROCESS,
    ),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    schedule=None,
)
