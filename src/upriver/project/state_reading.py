"""Reading what the state options name, wherever that is."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from upriver.graph.graph import Graph
from upriver.problems import Problem
from upriver.project.opened import OpenedProject
from upriver.project.option_groups import Selecting
from upriver.project.published_state import State
from upriver.project.resolve import Deferring, deferring_of
from upriver.state.age import spell_age
from upriver.state.remote.address import is_local

_STATE_WORDS = ("state:", "result:", "source_status:")
"""Selectors that need a state."""


def asked_deferral(
    opened: OpenedProject, selecting: Selecting | None = None, *, is_read: bool = True
) -> Deferring:
    """Return what options, variables and settings say of deferral together.

    `is_read` says whether the verb reads what is deferred. A state that only the settings name is
    left alone where neither the verb nor its selection needs one. Raises ProblemsError.
    """
    workspace = opened.workspace
    deferring, problems = deferring_of(
        opened.request.options,
        env=opened.caller.env,
        root=workspace.root,
        default_policy=workspace.flags.defer_policy,
        settings=workspace.deferral.target,
    )
    opened.require(problems)
    is_needed = (is_read and deferring.policy is not None) or _asks_for_state(selecting)
    if deferring.is_set and not is_needed:
        return Deferring(policy=None, state=None, baseline=None)
    return deferring


def _asks_for_state(selecting: Selecting | None) -> bool:
    if selecting is None or selecting.selector is not None:
        return True
    words = (*selecting.select, *selecting.exclude)
    return any(mark in word for word in words for mark in _STATE_WORDS)


def read_state(opened: OpenedProject, deferring: Deferring, graph: Graph) -> State:
    """Read what the state options name, and report what is wrong with it.

    Raises ProblemsError.
    """
    if deferring.state is None and deferring.baseline is None:
        return State()
    # Reading artifacts is needed only with state.
    from upriver.project.published import load_state

    names: Mapping[str, str] = deferring.names
    if any(map(_is_elsewhere, (deferring.state, deferring.baseline, *deferring.layers))):
        # Fetching is needed for other places than directories only.
        from upriver.project.state_places import made_local

        deferring, more, found = made_local(opened, deferring)
        names = {**names, **more}
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
    opened.require((*problems, *_too_old(opened, state)))
    return state


def _too_old(opened: OpenedProject, state: State) -> tuple[Problem, ...]:
    """Compare the age of what is deferred to with the settings."""
    settings = opened.workspace.deferral.target
    if state.baseline is None or (settings.max_age is None and settings.warn_age is None):
        return ()
    # Baselines are loaded where there are some.
    from upriver.state.baseline import age_in_seconds

    found: list[Problem] = []
    for line, baseline in state.baselines():
        age = age_in_seconds(baseline.origin, time.time())
        for name, limit in (("max_age", settings.max_age), ("warn_age", settings.warn_age)):
            if age is not None and limit is not None and age > limit:
                found.append(_old(line, name, limit))
                break
    return tuple(found)


def _old(line: str, name: str, limit: float) -> Problem:
    return Problem(
        code="state-too-old",
        severity="error" if name == "max_age" else "warning",
        message=f"The state is older than {spell_age(limit)}, which is `{name}` of this target:"
        f" {line}",
        hint="Publish production's state again, or defer to another one with `--state`",
    )


def _is_elsewhere(place: str | None) -> bool:
    """Whether a state option names anything but a directory."""
    return place is not None and (not is_local(place) or os.path.isfile(place))
