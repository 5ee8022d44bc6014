"""`builtins.ref.config` and `adapter.config`: dbt's own settings, which some packages read.

Only what such packages were seen to read is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.world import World


class ArgumentView:
    """The arguments of the invocation as attributes; None for those not given."""

    def __init__(self, args: Mapping[str, Any]) -> None:
        self._args = args

    def __getattr__(self, name: str) -> Any:
        return self._args.get(name)


class ProjectView:
    """One project: its name and its version."""

    def __init__(self, name: str, version: Any) -> None:
        self.project_name = name
        self.version = version


class VariablesView(dict[str, Any]):
    """Variables as packages reach them: `vars.to_dict()`, or like any mapping."""

    def to_dict(self) -> dict[str, Any]:
        """Return them as a plain mapping."""
        return dict(self)


class RuntimeConfig:
    """The root project's settings, looked up when asked for."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def project_name(self) -> str:
        """The root project's name."""
        return self._world.project_name

    @property
    def version(self) -> Any:
        """The root project's version."""
        return self._world.invocation().versions.get(self.project_name)

    @property
    def target_name(self) -> Any:
        """The target's name."""
        return self._world.target().get("name")

    @property
    def profile_name(self) -> Any:
        """The profile's name."""
        return self._world.target().get("profile_name")

    @property
    def args(self) -> ArgumentView:
        """The arguments of the invocation."""
        return ArgumentView(self._world.invocation().args)

    @property
    def quoting(self) -> dict[str, bool]:
        """Which parts of names are quoted: the warehouse's habit, and what the project says."""
        return msgspec.structs.asdict(self._world.quoting)

    @property
    def cli_vars(self) -> dict[str, Any]:
        """What `--vars` gives."""
        return dict(self._world.invocation().cli_vars)

    @property
    def vars(self) -> Any:
        """What the root project's `vars:` says; a mapping that also has `to_dict`."""
        return VariablesView(self._world.invocation().variables)

    @property
    def dependencies(self) -> dict[str, ProjectView]:
        """The root project and its packages, by name."""
        versions = self._world.invocation().versions
        return {name: ProjectView(name, version) for name, version in versions.items()}
