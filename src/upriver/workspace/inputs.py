"""What the user asked of the outside, before any file of the project was read.

A front door fills this once; nothing below it looks at `os.environ` or the current directory
again. Environment variables that stand for an option are applied where the option is read
(`option_from_env`), so that every front door gets the same precedence (PROJ-264, CLI-3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

DBT_VERSION = "1.11.16"
"""The dbt version whose behaviour is matched and which packages compare against (PROJ-22)."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look, and what was given on the command line (None: not given)."""

    cwd: str
    """Absolute path of the current directory."""
    env: Mapping[str, str] = {}
    home: str | None = None
    """The user's home directory, for `~/.dbt` (PROJ-35)."""
    project_dir: str | None = None
    profiles_dir: str | None = None
    profile: str | None = None
    target: str | None = None
    vars: Mapping[str, Any] = {}
    threads: int | None = None
    target_path: str | None = None
    log_path: str | None = None
    flags: Mapping[str, Any] = {}
    """Other options given, by flag name in lower case with underscores (`fail_fast`)."""
    version_check: bool | None = None
    needs_profile: bool = True
    """False for verbs that work without a warehouse (`deps`, `clean`, `init`; PROJ-6)."""
    reads_packages: bool = True
    """False where packages are about to be installed."""
    dbt_version: str = DBT_VERSION

    def __repr__(self) -> str:
        # The environment may hold secrets.
        return f"Inputs(cwd={self.cwd!r}, project_dir={self.project_dir!r})"


def option_from_env(env: Mapping[str, str], name: str) -> str | None:
    """Return `DBT_ENGINE_<name>`, else `DBT_<name>`; empty means unset (CLI-3, CLI-4)."""
    return env.get(f"DBT_ENGINE_{name}") or env.get(f"DBT_{name}") or None


def chosen(given: str | None, env: Mapping[str, str], name: str) -> str | None:
    """Return the option as given, else from the environment."""
    return given if given is not None else option_from_env(env, name)
