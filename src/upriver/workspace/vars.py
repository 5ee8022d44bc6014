"""The order in which a var is looked up (PROJ-253), as a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.world import Found

_MISSING = Found(is_found=False)


class Vars(msgspec.Struct, frozen=True, kw_only=True):
    """All places a var may come from, unrendered."""

    root: str
    """Name of the root project."""
    cli: Mapping[str, Any] = {}
    by_package: Mapping[str, Mapping[str, Any]] = {}
    """`vars:` of every package's own `dbt_project.yml`, the root project's included."""


def find_var(variables: Vars, name: str, package: str) -> Found:
    """Look up a var for a node of `package`.

    Order: command line, root project scoped to the package, root project, the package's own vars
    scoped to itself, the package's own vars.
    """
    if name in variables.cli:
        return Found(is_found=True, value=variables.cli[name])
    found = _find_in(variables.by_package.get(variables.root, {}), name, package)
    if not found.is_found and package != variables.root:
        return _find_in(variables.by_package.get(package, {}), name, package)
    return found


def _find_in(block: Mapping[str, Any], name: str, package: str) -> Found:
    scoped = block.get(package)
    if isinstance(scoped, Mapping) and name in scoped:
        return Found(is_found=True, value=scoped[name])
    if name in block:
        return Found(is_found=True, value=block[name])
    return _MISSING
