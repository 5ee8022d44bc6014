"""Reading what the state options name, wherever that is."""

from __future__ import annotations

import os
from collections.abc import Mapping

from upriver.graph.graph import Graph
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State
from upriver.project.resolve import Deferring
from upriver.state.remote.address import is_local


def read_state(opened: OpenedProject, deferring: Deferring, graph: Graph) -> State:
    """Read what the state options name, and report what is wrong with it.

    Raises ProblemsError.
    """
    if deferring.state is None and deferring.baseline is None:
        return State()
    # Reading artifacts is needed only with state.
    from upriver.project.published import load_state

    names: Mapping[str, str] = {}
    if any(map(_is_elsewhere, (deferring.state, deferring.baseline))):
        # Fetching is needed for other places than directories only.
        from upriver.project.state_places import made_local

        deferring, names, found = made_local(opened, deferring)
        opened.require(found)
    state, problems = load_state(
        deferring,
        graph,
        opened.store,
        target_path=opened.target_path,
        root=opened.workspace.root,
        names=names,
        more_unrendered=opened.workspace.flags.state_modified_compare_more_unrendered_values,
        constraint_support=opened.dialect.constraint_support,
    )
    opened.require(problems)
    return state


def _is_elsewhere(place: str | None) -> bool:
    """Whether a state option names anything but a directory."""
    return place is not None and (not is_local(place) or os.path.isfile(place))
