"""What the selectors in `upriver.yml` name."""

from __future__ import annotations

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.decide import Deferral
from upriver.plan.methods import Material
from upriver.project.opened import OpenedProject
from upriver.project.option_groups import Selecting
from upriver.project.published_state import State
from upriver.project.selecting import select_for

_COMPARING = ("state:", "result:", "source_status:")
"""Selectors that ask how two sides differ, which says nothing of one."""


def favouring(
    opened: OpenedProject, deferral: Deferral | None, graph: Graph, state: State
) -> Deferral | None:
    """Say of what the baseline is favoured, where the settings name that (defect D3)."""
    words = opened.workspace.deferral.target.favored
    if deferral is None or deferral.policy != "exists" or not isinstance(words, tuple):
        return deferral
    if opened.request.options.favor_state is False:
        return deferral
    favoured = named(opened, words, graph, state)
    return msgspec.structs.replace(deferral, favoured=favoured)


def named(
    opened: OpenedProject, words: tuple[str, ...], graph: Graph, state: State
) -> frozenset[str]:
    """Return what selectors name, of any kind. Raises ProblemsError for those that say nothing."""
    material = Material(graph=graph, comparison=state.comparison, state_path=state.path)
    selected, problems = select_for("ls", Selecting(select=words), opened.workspace, material)
    opened.require(problems)
    return frozenset() if selected is None else selected.selection.matched


def named_there(opened: OpenedProject, words: tuple[str, ...], graph: Graph) -> frozenset[str]:
    """Return what selectors name among published resources; those that compare name nothing."""
    words = tuple(word for word in words if not any(mark in word for mark in _COMPARING))
    if not words:
        return frozenset()
    material = Material(graph=graph)
    selected, _ = select_for("ls", Selecting(select=words), opened.workspace, material)
    return frozenset() if selected is None else selected.selection.matched
