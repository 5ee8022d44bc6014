"""What a load starts from and gives back, and the macros and world it shares with linking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.jinja.macro_table import MacroTable
from upriver.parse.world import ParseWorld, Settings
from upriver.problems import Problem
from upriver.project.memory import Memory
from upriver.resources.files import SourceFile
from upriver.resources.macro import Macro
from upriver.workspace.workspace import Workspace

Say = Callable[[str, str, str | None], None]

BODY_KINDS = frozenset({"model", "analysis", "singular_test"})
"""Kinds of files whose edits can be linked alone."""


LINKING_FLAGS = (
    "require_resource_names_without_spaces",
    "require_unique_project_resource_names",
    "require_ref_searches_node_package_before_root",
    "require_nested_cumulative_type_params",
    "state_modified_compare_more_unrendered_values",
)
"""Flags that linking is given. What templates and property files ask for is noted as they ask."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much work a load did; tests read it."""

    files: int
    parsed: int
    """Files read and parsed in this load."""
    way: str
    """`remembered`, `relinked` or `linked`."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A linked project."""

    graph: Graph
    problems: tuple[Problem, ...]
    macros: Callable[[], MacroTable]
    settings: Settings
    counts: Counts
    files: tuple[SourceFile, ...]


class Loading(msgspec.Struct, frozen=True, kw_only=True):
    """What a load starts from."""

    workspace: Workspace
    settings: Settings
    memory: Memory
    say: Say
    templates: dict[str, Any]
    """Process-wide store of compiled templates."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a load, and the keys of what else it depends on."""

    files: tuple[SourceFile, ...]
    listed_ns: int
    settings_key: str
    builtins: str
    """Key of the built-in macros."""


def macro_table(loading: Loading, macros: tuple[Macro, ...]) -> MacroTable:
    """Return the macros with the look-up rules of this project."""
    workspace = loading.workspace
    internal = internal_packages(loading.settings)
    by_package: dict[str, list[Macro]] = {package.name: [] for package in workspace.packages}
    for name in internal:
        by_package.setdefault(name, [])
    for macro in macros:
        by_package.setdefault(macro.package, []).append(macro)
    dialect = loading.settings.dialect
    flag = workspace.flags.require_explicit_package_overrides_for_builtin_materializations
    return MacroTable(
        macros=by_package,
        root=workspace.name,
        internal=internal,
        adapter_types=(dialect.type, *dialect.parents),
        dispatch={d.macro_namespace: d.search_order for d in workspace.settings.dispatch},
        may_packages_replace_materializations=not flag,
    )


def internal_packages(settings: Settings) -> tuple[str, ...]:
    """Return the built-in packages, nearest first."""
    dialect = settings.dialect
    return (f"dbt_{dialect.type}", *(f"dbt_{parent}" for parent in dialect.parents), "dbt")


def parse_world(loading: Loading, table: MacroTable) -> ParseWorld:
    """Return the world of a parse with these macros."""
    return ParseWorld(loading.settings, table, say=loading.say, memory=loading.templates)


def late(make: Callable[[], MacroTable]) -> Callable[[], MacroTable]:
    """Return a function that makes its value on first use."""
    made: list[MacroTable] = []

    def get() -> MacroTable:
        if not made:
            made.append(make())
        return made[0]

    return get
