"""A deferred run never writes to what it defers to.

Whoever defers reads another environment and writes to his own. When a step's output nevertheless
is production's relation, either the environment deferred to is the target itself, as in a
production job that compares with its last run, or something is wrong: a development target that
points to production's schema, a snapshot with a fixed schema. `overwritten` tells these apart.
"""

from __future__ import annotations

from upriver.graph.graph import Entry, Graph
from upriver.plan.decide import Deferral, counterpart, published_name
from upriver.plan.plan import Action, Plan, Step
from upriver.problems import Problem
from upriver.resources.relation import RelationName
from upriver.state.defer import DEFERRABLE_KINDS

_WRITING: frozenset[Action] = frozenset({"run", "seed", "snapshot", "function"})


def overwritten(
    plan: Plan, graph: Graph, deferral: Deferral, target_name: str | None
) -> tuple[Problem, ...]:
    """Return every step that would write to a relation of a baseline's environment.

    None is returned when that environment is the target.
    """
    if not deferral.layers:
        return _overwritten(plan, graph, (deferral, plan.baseline), target_name)
    found: dict[str | None, Problem] = {}
    for layer in deferral.layers:
        alone = Deferral(policy=deferral.policy, baseline=layer.baseline, name=layer.name)
        for problem in _overwritten(plan, graph, (alone, layer.line), target_name):
            found.setdefault(problem.unique_id, problem)
    return tuple(found.values())


def _overwritten(
    plan: Plan, graph: Graph, one: tuple[Deferral, str | None], target_name: str | None
) -> tuple[Problem, ...]:
    deferral, line = one
    steps = [step for step in plan.steps if _is_written_over(step, graph, deferral)]
    if not steps or is_target(graph, deferral, target_name):
        return ()
    published_by = deferral.baseline.origin.target_name
    origin = f"{line}" + (f", target `{published_by}`" if published_by else "")
    return tuple(_refused(graph.entries[step.unique_id], origin) for step in steps)


def _is_written_over(step: Step, graph: Graph, deferral: Deferral) -> bool:
    return step.action in _WRITING and _is_same_place(graph.entries[step.unique_id], deferral)


def _is_same_place(entry: Entry, deferral: Deferral) -> bool:
    published = counterpart(deferral, entry.unique_id)
    if published is None or entry.relation is None:
        return False
    return _key(published_name(published)) == _key(entry.relation)


def _key(name: RelationName) -> tuple[str, str, str]:
    parts = (name.database, name.schema, name.identifier)
    database, schema, identifier = ((part or "").lower() for part in parts)
    return database, schema, identifier


def is_target(graph: Graph, deferral: Deferral, target_name: str | None) -> bool:
    """Whether the environment deferred to is the one that is written to.

    It is not when it says another target's name. Otherwise it is when most resources have their
    place in common; not all need to, since a production project may have moved one.
    """
    published_by = deferral.baseline.origin.target_name
    if published_by is not None and target_name is not None and published_by != target_name:
        return False
    shared = [
        _is_same_place(entry, deferral)
        for entry in graph.entries.values()
        if entry.kind in DEFERRABLE_KINDS
        and entry.relation is not None
        and entry.materialized != "ephemeral"
        and counterpart(deferral, entry.unique_id) is not None
    ]
    return sum(shared) * 2 > len(shared)


def _refused(entry: Entry, origin: str) -> Problem:
    return Problem(
        code="deferral-overwrites-state",
        message=f"`{entry.name}` would be written to {entry.relation_name}, which is the relation"
        f" of the environment deferred to ({origin})",
        hint="Give the target a schema of its own, or run with `--no-defer`; where this is meant,"
        " set `protect_deferred_relations: false` under `flags:`",
        unique_id=entry.unique_id,
    )
