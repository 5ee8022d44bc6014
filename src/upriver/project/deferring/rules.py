"""The rules of `deferral: deny:`, made ready for one graph."""

from __future__ import annotations

from collections.abc import Iterator

from upriver.graph.graph import Graph
from upriver.problems import Problem
from upriver.project.deferring.marked_states import marked_graph
from upriver.project.deferring.named import named, named_there
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State
from upriver.resources.dialect import render_name
from upriver.resources.relation import RelationName
from upriver.state.baseline import Baseline, Published
from upriver.state.rules.denial import Denials, Side
from upriver.workspace.upriver_file.rules import DenyRule


def denials_of(opened: OpenedProject, graph: Graph, state: State) -> Denials | None:
    """Return the rules that hold for the target; None where there are none."""
    rules = opened.workspace.deferral.deny
    if not rules:
        return None
    dialect, quoting = opened.dialect, opened.workspace.quoting

    def render(name: RelationName) -> str:
        return render_name(dialect, name, quoting)

    chosen = (
        named(opened, rule.select, graph, state) if rule.select else frozenset() for rule in rules
    )
    profile = opened.workspace.profile
    return Denials(
        rules,
        graph,
        tuple(chosen),
        render,
        tuple(_others(opened, rules, state)),
        published=tuple(baseline.published for baseline in _baselines(state)),
        database=None if profile is None else profile.credentials.database,
    )


def _baselines(state: State) -> list[Baseline]:
    found = [baseline for _, baseline in state.baselines()]
    return found or ([] if state.compared is None else [state.compared])


def _others(opened: OpenedProject, rules: tuple[DenyRule, ...], state: State) -> Iterator[Side]:
    """Describe what the states publish; a rule that goes by places alone needs no description."""
    if all(rule.is_of_place for rule in rules):
        return
    for baseline in _baselines(state):
        graph = marked_graph(opened.store, baseline.origin.location)
        named = tuple(named_there(opened, rule.select, graph) for rule in rules)
        yield Side(graph=graph, named=named)


def readable(denials: Denials | None, published: Published) -> Published | Problem:
    """Return what may be read of a counterpart, masked where a rule says so, or why nothing may.

    For whatever reads another environment's relation without a plan.
    """
    found = published if denials is None else denials.let_through(published)
    return refused(found, published) if isinstance(found, DenyRule) else found


def refused(rule: DenyRule, published: Published) -> Problem:
    """Say that a rule denies reading a counterpart."""
    reason = f": {rule.reason}" if rule.reason else ""
    return Problem(
        code="deferral-denied",
        message=f"`{published.name}` would be read from {published.relation_name}, which the rule"
        f" `{rule.name}` denies{reason}",
        hint="Let the rule name a masked or sampled relation with `use:`, or leave it out",
        unique_id=published.unique_id,
    )
