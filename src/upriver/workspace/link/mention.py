"""Whether anything says that there may be a server; asked at every start, so it is little."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "dbt_cloud.yml"
VARIABLES = {
    "project_id": "DBT_CLOUD_PROJECT_ID",
    "account_id": "DBT_CLOUD_ACCOUNT_ID",
    "host": "DBT_CLOUD_ACCOUNT_HOST",
    "token": "DBT_CLOUD_TOKEN",
    "environment_id": "DBT_CLOUD_ENVIRONMENT_ID",
    "defer_environment_id": "DBT_CLOUD_DEFER_ENV_ID",
    "job_id": "DBT_CLOUD_JOB_ID",
}
"""Variable by value."""


def user_file_path(home: str) -> str:
    """Return where the user's file is, whether or not it exists."""
    return str(Path(home, ".dbt", FILE))


def is_mentioned(env: Mapping[str, str], home: str | None, block: Mapping[str, Any]) -> bool:
    """Whether anything says that there may be a server; costs one look at the disk at most."""
    if block or any(env.get(name) for name in VARIABLES.values()):
        return True
    return home is not None and Path(user_file_path(home)).exists()
