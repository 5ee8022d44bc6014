"""Reading what the state options name, wherever that is."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.problems import Problem, has_errors
from upriver.project.opened import OpenedProject
from upriver.project.option_groups import Selecting
from upriver.project.published_state import REQUIRING, State
from upriver.project.resolve import Deferring, deferring_of, truth
from upriver.state.age import spell_age
from upriver.state.remote.address import is_local, is_of_server
from upriver.workspace.inputs import option_from_env
from upriver.workspace.link.mention import is_mentioned
from upriver.workspace.upriver_file.settings import TargetDeferral

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
    compares = _asks_for_state(selecting, workspace.selectors)
    settings = workspace.deferral.target
    if not settings.states and settings.is_on is not False and (is_read or compares):
        settings = _with_server(opened, settings)
    deferring, problems = deferring_of(
        opened.request.options,
        env=opened.caller.env,
        root=workspace.root,
        default_policy=workspace.flags.defer_policy,
        settings=settings,
    )
    opened.require(problems)
    is_needed = (is_read and deferring.policy is not None) or compares
    if deferring.is_set and not is_needed:
        return Deferring(policy=None, state=None, baseline=None)
    if is_read and deferring.compares is compares:
        return deferring
    is_idle = not is_read and deferring.is_set and is_of_server(deferring.baseline)
    policy = None if is_idle else deferring.policy
    return msgspec.structs.replace(deferring, compares=compares, policy=policy)


def begin_reading(opened: OpenedProject) -> None:
    """Have the linked server asked while the project is loaded, where it will be asked anyway."""
    options, env, settings = opened.request.options, opened.caller.env, opened.workspace.deferral
    named = (options.state, options.defer_state, option_from_env(env, "STATE"),
             option_from_env(env, "DEFER_STATE"))  # fmt: skip
    if settings.target.states or settings.target.is_on is False or any(named):
        return
    places = _with_server(opened, settings.target).states
    if places:
        # Whoever is linked to no server does not ask one.
        from upriver.project.linked.served import begin

        begin(opened, places[0].place)


def _with_server(opened: OpenedProject, settings: TargetDeferral) -> TargetDeferral:
    """Add the linked server, if there is one and deferral was not refused."""
    workspace, env = opened.workspace, opened.caller.env
    given = opened.request.options.defer
    if given is None:
        given = truth(option_from_env(env, "DEFER") or "yes")
    is_chosen = opened.request.options.defer_env is not None
    home, block = workspace.inputs.home, workspace.settings.dbt_cloud
    if given is False or not (is_chosen or is_mentioned(env, home, block)):
        return settings
    # Links are read for who has one.
    from upriver.project.linked.offer import with_server

    return with_server(opened, settings)


def _asks_for_state(selecting: Selecting | None, selectors: Mapping[str, Any]) -> bool:
    if selecting is None:
        return True
    words = (*selecting.select, *selecting.exclude)
    if selecting.selector is not None or not words:
        # A definition of `selectors.yml` names methods in several ways.
        text = repr(selectors)
        return any(mark[:-1] in text for mark in _STATE_WORDS)
    return any(mark in word for word in words for mark in _STATE_WORDS)


def read_state(opened: OpenedProject, deferring: Deferring, graph: Graph) -> State:
    """Read what the state options name, and report what is wrong with it.

    Raises ProblemsError.
    """
    if deferring.state is None and deferring.baseline is None:
        return State()
    # Reading artifacts is needed only with state.
    from upriver.project.published import load_state

    is_given_up = is_lost = is_served = False
    if any(map(is_of_server, (deferring.state, deferring.baseline, *deferring.layers))):
        # Whoever is linked to no server does not ask one.
        from upriver.project.linked.served import from_server

        is_wanted = deferring.policy is not None
        deferring = from_server(opened, deferring)
        is_given_up = is_wanted and deferring.baseline is None
        is_alone = deferring.is_set and not deferring.layers
        is_served = is_alone and opened.which not in REQUIRING
        is_lost = is_wanted and deferring.is_set and not deferring.lines
        if deferring.state is None and deferring.baseline is None:
            return State(is_given_up=is_given_up)
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
    if is_served:
        state, problems = _as_default(opened, deferring, state, problems, graph)
    opened.require((*problems, *_too_old(opened, state), *_behind(opened, state)))
    if is_given_up or (is_lost and state.baseline is None):
        state = msgspec.structs.replace(state, is_given_up=True)
    return _with_line(state, deferring)


def _behind(opened: OpenedProject, state: State) -> tuple[Problem, ...]:
    head = opened.invocation.git_commit
    commits = {baseline.origin.git_commit for _, baseline in state.baselines()}
    if head is None or not commits - {None, head}:
        return ()
    # Most checkouts are of the state's commit, or of none.
    from upriver.project.deferring.checkout import behind

    return behind(opened, state)


def _with_line(state: State, deferring: Deferring) -> State:
    """Say of the state what the place it comes from says of it."""
    state = msgspec.structs.replace(state, ledgers=deferring.ledgers)
    line = deferring.lines.get(deferring.baseline or "")
    if line is None or deferring.layers or state.baseline is None:
        return state
    return msgspec.structs.replace(state, line=line)


def _as_default(
    opened: OpenedProject,
    deferring: Deferring,
    state: State,
    problems: tuple[Problem, ...],
    graph: Graph,
) -> tuple[State, tuple[Problem, ...]]:
    """Let go of a state that nobody asked for and that cannot be used, or need not be."""
    # These are for who is linked to a server.
    from upriver.plan.decide import Deferral
    from upriver.plan.guard import is_target
    from upriver.project.linked.served import given_up

    if has_errors(problems):
        return State(is_given_up=True), given_up(opened, problems)
    profile = opened.workspace.profile
    if state.baseline is None or profile is None:
        return state, problems
    deferral = Deferral(policy="exists", baseline=state.baseline, name="")
    if not is_target(graph, deferral, profile.target_name):
        return state, problems
    name = deferring.names.get(deferring.baseline or "", "production")
    opened.say_once(f"Nothing is deferred: the target is {name} itself")
    return msgspec.structs.replace(state, baseline=None, line=None, is_given_up=True), problems


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
