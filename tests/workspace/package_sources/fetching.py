"""What the tests of fetching start from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from upriver.workspace.inputs import DBT_VERSION
from upriver.workspace.package_sources.setting import Patience, Setting

QUICK = Patience(attempts=2, pause=0.01, timeout=0.3, deadline=5.0)


def setting_in(root: Path, **given: Any) -> Setting:
    """A setting with a cache and a home of its own, and little patience."""
    env = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    project = root / "project"
    project.mkdir(exist_ok=True)
    values = {
        "root": str(project),
        "cache": str(root / "cache"),
        "dbt_version": DBT_VERSION,
        "patience": QUICK,
        **given,
    }
    return Setting(**{**values, "env": {**env, **given.get("env", {})}})
