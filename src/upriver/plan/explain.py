"""A plan in words: the rows of `upriver plan`, and the one line a deferring run prints (D1)."""

from __future__ import annotations

from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.plan import Decision, Plan
from upriver.state.defer import REASONS


class ReferenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One reference of one step."""

    step: str
    """unique_id of the reader."""
    name: str
    action: str
    target: str | None
    """unique_id of what is read; None for a step that reads nothing."""
    target_name: str | None
    place: str | None
    relation_name: str | None
    reason: str | None
    why: str | None
    """The reason as a sentence."""
    baseline: str | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many references were resolved, and where to."""

    references: int
    deferred: int
    built_here: int
    exists_here: int
    missing: int
    baseline: str | None
    not_built: int
    """Ancestors in the project that this plan does not build."""


def rows(plan: Plan, graph: Graph) -> tuple[ReferenceRow, ...]:
    """Return one row per reference in plan order; a step without references has one row."""
    found: list[ReferenceRow] = []
    for step in (*plan.before, *plan.steps, *plan.after):
        name = graph.entries[step.unique_id].name
        for decision in step.inputs or (None,):
            found.append(_row(step.unique_id, name, step.action, decision, graph))
    return tuple(found)


def _row(
    unique_id: str, name: str, action: str, decision: Decision | None, graph: Graph
) -> ReferenceRow:
    if decision is None:
        return ReferenceRow(
            step=unique_id, name=name, action=action, target=None, target_name=None, place=None,
            relation_name=None, reason=None, why=None, baseline=None,
        )  # fmt: skip
    return ReferenceRow(
        step=unique_id,
        name=name,
        action=action,
        target=decision.target,
        target_name=graph.entries[decision.target].name,
        place=decision.place,
        relation_name=decision.relation_name,
        reason=decision.reason,
        why=REASONS.get(decision.reason),
        baseline=decision.baseline,
    )


def summarise(plan: Plan, graph: Graph) -> Summary:
    """Count each referenced resource once, however many steps read it."""
    place_of: dict[str, str] = {}
    for step in (*plan.before, *plan.steps, *plan.after):
        for decision in step.inputs:
            if decision.place not in ("source", "inlined"):
                place_of.setdefault(decision.target, decision.place)
    places = list(place_of.values())
    built = {step.unique_id for step in plan.steps}
    return Summary(
        references=len(places),
        deferred=places.count("baseline"),
        built_here=places.count("built-here"),
        exists_here=places.count("exists-here") + places.count("here"),
        missing=places.count("missing"),
        baseline=plan.baseline,
        not_built=len(_ancestors_not_built(graph, built)),
    )


def _ancestors_not_built(graph: Graph, built: set[str]) -> set[str]:
    seen: set[str] = set()
    front = set(built)
    while front:
        front = {p for i in front for p in graph.parents.get(i, ())} - seen - built
        seen |= front
    return {
        unique_id
        for unique_id in seen
        if graph.entries[unique_id].kind in ("model", "seed", "snapshot")
        and graph.entries[unique_id].materialized != "ephemeral"
    }


def summary_line(summary: Summary, policy: str | None) -> str | None:
    """Return the line a deferring run prints, or None when deferral is off."""
    if policy is None:
        return None
    noun = "reference" if summary.references == 1 else "references"
    line = f"Deferred {summary.deferred} of {summary.references} {noun} to {summary.baseline}"
    parts = [
        f"{count} {words}"
        for count, words in (
            (summary.built_here, "built by this run"),
            (summary.exists_here, "read from the target"),
            (summary.missing, "found nowhere"),
        )
        if count
    ]
    return f"{line} ({', '.join(parts)})" if parts else line


def as_json(plan: Plan, graph: Graph) -> dict[str, Any]:
    """Return the plan as plain data, for `upriver plan --output json`."""
    return {
        "command": plan.command,
        "policy": plan.policy,
        "baseline": plan.baseline,
        "selected": list(plan.selected),
        "summary": msgspec.to_builtins(summarise(plan, graph)),
        "steps": [
            {
                "unique_id": step.unique_id,
                "action": step.action,
                "waits_for": list(step.waits_for),
                "inputs": [
                    {**msgspec.to_builtins(decision), "why": REASONS.get(decision.reason)}
                    for decision in step.inputs
                ],
            }
            for step in (*plan.before, *plan.steps, *plan.after)
        ],
    }
