"""Fingerprints of what dbt-core published: the same project means the same, whoever read it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.oracle.playing import own_projects
from tests.oracle.running import find_dbt

from upriver.cli.invoke import invoke

PROJECTS = ("incremental", "properties", "seeding", "snapshots", "testing", "units")


@pytest.mark.parametrize("name", PROJECTS)
def test_nothing_differs_from_the_manifest_of_dbt(name: str, tmp_path: Path) -> None:
    dbt = find_dbt()
    assert dbt is not None
    assert name in own_projects()
    root = tmp_path / "project"
    shutil.copytree(Path(__file__).parent / "projects" / name, root)
    command = [str(dbt), "parse", "--profiles-dir", ".", "--target-path", "published"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    env = {"HOME": str(tmp_path), "DBT_UNKNOWN_ANSWERS": "same"}
    out = (tmp_path / "out").open("w+", encoding="utf-8")
    with out:
        args = ["diff", "--state", "published", "--output", "json", "--quiet"]
        result = invoke(args, env=env, cwd=str(root), stdout=out)
        out.seek(0)
        said = json.loads(out.read())
    assert result.exit_code == 0
    assert said == []
