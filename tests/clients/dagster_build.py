"""Run by Dagster's own Python: builds a project as assets, and tells what Dagster saw as JSON.

python dagster_build.py PROJECT EXECUTABLE
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import AssetExecutionContext, materialize
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

root, executable = Path(sys.argv[1]), sys.argv[2]
project = DbtProject(project_dir=root, profiles_dir=root)
client = DbtCliResource(project_dir=project, profiles_dir=str(root), dbt_executable=executable)
parsed = client.cli(["parse"], target_path=root / "target").wait()


@dbt_assets(manifest=parsed.target_path / "manifest.json", project=project)
def shop(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    yield from dbt.cli(["build"], context=context).stream()


ran = materialize([shop], resources={"dbt": client}, raise_on_error=False)
seen = {
    "success": ran.success,
    "assets": sorted(
        event.asset_key.to_user_string() for event in ran.asset_materializations_for_node("shop")
    ),
    "checks": sorted(
        [check.check_name, check.passed, check.severity.value]
        for check in ran.get_asset_check_evaluations()
    ),
}
print(json.dumps(seen))
