"""A small project in a git repository, for servers that run jobs."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path

PROJECT = {
    "dbt_project.yml": "name: shop\nprofile: shop\nversion: '1.0'\n",
    "models/base.sql": 'select 1 as id, \'{{ env_var("DBT_WORD", "none") }}\' as word',
    "models/top.sql": "select * from {{ ref('base') }}",
    "macros/say.sql": """
        {% macro say() %}{{ log('said ' ~ env_var('DBT_COPY', 'nothing'), true) }}
        {{ log('server knows ' ~ env_var('UPRIVER_SERVER_KEY', 'nothing'), true) }}{% endmacro %}
    """,
}


def git(folder: Path, *words: str) -> str:
    """Run git as nobody in particular, and return what it says."""
    named = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return subprocess.run(
        ["git", *named, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, files: Mapping[str, str]) -> str:
    """Write files and commit them; returns the commit."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "a change")
    return git(folder, "rev-parse", "HEAD")


def new_repository(folder: Path) -> Path:
    """Make a repository with the project on its branch `main`."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", ".")
    commit(folder, PROJECT)
    return folder
