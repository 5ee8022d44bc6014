"""The names that strings of property files see (PROJ-168)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.jinja.members import Flags
from upriver.jinja.world import World
from upriver.workspace.rendering import EnvVar, LazyNames, Var


def yaml_names(world: World, package: str) -> Mapping[str, Any]:
    """Return the names for the property files of a package."""

    def log(message: Any, info: bool = False) -> str:  # noqa: FBT001, FBT002 # dbt's signature
        world.say(str(message), "info" if info else "debug", None)
        return ""

    def print_text(message: Any) -> str:
        world.say(str(message), "print", None)
        return ""

    return LazyNames(
        {
            "var": lambda: Var(lambda name: world.var(name, package)),
            "env_var": lambda: EnvVar(world.env_var, allows_secrets=False),
            "target": lambda: dict(world.target()),
            "project_name": lambda: world.project_name,
            "flags": lambda: Flags(world),
            "log": lambda: log,
            "print": lambda: print_text,
            "run_started_at": lambda: world.invocation().started_at,
            "invocation_id": lambda: world.invocation().invocation_id,
        }
    )
