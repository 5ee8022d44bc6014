"""Artifacts keep to the schemas that dbt-core makes of its own classes (ART-90, ART-93)."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from tests.oracle.playing import play_upriver
from tests.oracle.row_pages import read_page, write_page
from tests.oracle.running import find_dbt

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

COMMANDS = {
    "build": ["build", "--exclude", "plus"],
    "docs": ["docs", "generate", "--exclude", "plus"],
    "ages": ["source", "freshness"],
}
CHECK = """
import json, sys
from jsonschema import Draft7Validator
from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.artifacts.schemas.freshness import FreshnessExecutionResultArtifact
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.artifacts.schemas.run import RunResultsArtifact

classes = {
    "manifest": WritableManifest, "run_results": RunResultsArtifact,
    "catalog": CatalogArtifact, "sources": FreshnessExecutionResultArtifact,
}
wrong = {}
for name, made_by in classes.items():
    data = json.load(open(f"{sys.argv[1]}/{name}.json"))
    found = Draft7Validator(made_by.json_schema()).iter_errors(data)
    wrong[name] = [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in found]
    made_by.from_dict(data)
print(json.dumps(wrong))
"""


def test_artifacts_are_valid(tmp_path: Path, counts: Counter[str]) -> None:
    project = write_page(read_page("documents"), tmp_path / "project")
    script = [
        *({"name": name, "run": command} for name, command in COMMANDS.items()),
        *(
            {"name": name, "take": [f"target/{name}.json", f"{name}.json"]}
            for name in ("manifest", "run_results", "catalog", "sources")
        ),
    ]
    played = play_upriver(project, script, tmp_path / "out")
    assert played.results["build"]["exit_code"] == 0, played.results["build"]["error"]
    python = Path(find_dbt() or "").parent / "python"
    done = subprocess.run(
        [str(python), "-c", CHECK, str(played.folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    wrong = json.loads(done.stdout.splitlines()[-1])
    assert wrong == {"manifest": [], "run_results": [], "catalog": [], "sources": []}
    counts["artifacts valid"] += len(wrong)
