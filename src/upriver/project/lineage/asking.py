"""The question of `state:modified.columns`, as selection puts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from upriver.graph.graph import Graph
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State

if TYPE_CHECKING:
    # What runs is loaded for what is not remembered.
    from upriver.project.warehouse import Door
    from upriver.run.setting import RunSetting
    from upriver.state.lineage.impact import Change

Reached = Callable[[tuple[str, ...] | None], frozenset[str]]
"""Tells what changed columns of these names reach, or all that changed without names."""
Run = Callable[[OpenedProject, Graph, Loaded], "tuple[Door, RunSetting]"]


def reached_by_columns(
    opened: OpenedProject, graph: Graph, state: State, run: Run
) -> Reached | None:
    """Return what answers the question; nothing is loaded before it is put."""
    if state.comparison is None:
        return None

    def reached(names: tuple[str, ...] | None) -> frozenset[str]:
        return frozenset(changes_by_column(opened, graph, state, run, names))

    return reached


def changes_by_column(
    opened: OpenedProject,
    graph: Graph,
    state: State,
    run: Run,
    names: tuple[str, ...] | None = None,
) -> dict[str, Change]:
    """Return what changes, with its columns; raises ProblemsError."""
    # Lineage is loaded for who asks for it.
    from upriver.project.lineage.reach import reached_changes

    loaded = opened.load()
    found, problems = reached_changes(
        opened, loaded, graph, state, names, lambda: run(opened, graph, loaded)
    )
    opened.require(problems)
    return found
