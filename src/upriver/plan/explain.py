"""A plan in words: the rows of `upriver plan`, and the one line a deferring run prints (D1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.plan import Decision, Plan, Step
from upriver.state.defer import REASONS


class ReferenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One reference of one step."""

    step: str
    """unique_id of the reader."""
    name: str
    action: str
    note: str | None
    """What is special about the step itself."""
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
    also_built: int
    """Ancestors that were not selected, and have no relation that could be read."""
    reused: int
    """Steps of which nothing has to be done."""
    cloned_first: int = 0
    """Relations that are copied from the state before they are added to."""
    copied: int = 0
    """Relations that are copied from the state instead of being built."""
    not_built: int
    """Ancestors in the project that this plan does not build."""
    denied: int = 0
    """References that a rule denies; a run with one is refused."""
    layers: Mapping[str, int] = {}
    """How many references each of several baselines answers; empty where there is one."""


def rows(plan: Plan, graph: Graph) -> tuple[ReferenceRow, ...]:
    """Return one row per reference in plan order; a step without references has one row."""
    found: list[ReferenceRow] = []
    for step in (*plan.before, *plan.steps, *plan.after):
        for decision in step.inputs or (None,):
            found.append(_row(step, decision, graph))
    return tuple(found)


def note_of(step: Step) -> str | None:
    """Return what is special about a step under policy `fresh`."""
    notes = []
    if step.reused is not None:
        notes.append(f"reused: {step.reused}")
    elif step.is_extra:
        notes.append("not selected: no relation of it holds what the present code gives")
    if step.action == "clone":
        notes.append(_clone_note(step))
    elif step.clone is not None and step.reused is None:
        notes.append(f"first a copy of {step.clone.relation_name}, which this run adds to")
    elif step.is_whole and step.reused is None:
        notes.append("built whole: what is there was built from other code")
    return "; ".join(notes) or None


def _clone_note(step: Step) -> str:
    if step.clone is None:
        return "the state has nothing to copy"
    if step.is_kept:
        return f"left as it is: {step.why or 'it exists'}"
    return f"copied: {step.why}" if step.why else "copied"


def _row(step: Step, decision: Decision | None, graph: Graph) -> ReferenceRow:
    return ReferenceRow(
        step=step.unique_id,
        name=graph.entries[step.unique_id].name,
        action=step.action,
        note=note_of(step),
        target=None if decision is None else decision.target,
        target_name=None if decision is None else graph.entries[decision.target].name,
        place=None if decision is None else decision.place,
        relation_name=None if decision is None else decision.relation_name,
        reason=None if decision is None else decision.reason,
        why=None if decision is None else REASONS.get(decision.reason),
        baseline=None if decision is None else decision.baseline,
    )


def summarise(plan: Plan, graph: Graph) -> Summary:
    """Count each referenced resource once, however many steps read it."""
    place_of: dict[str, str] = {}
    layer_of: dict[str, str] = {}
    for step in (*plan.before, *plan.steps, *plan.after):
        for decision in step.inputs:
            if decision.place not in ("source", "inlined"):
                place_of.setdefault(decision.target, decision.place)
            if plan.layers and decision.place in ("baseline", "masked"):
                layer_of.setdefault(decision.target, decision.baseline or "")
    counted = Counter(layer_of.values())
    places = list(place_of.values())
    built = {step.unique_id for step in plan.steps}
    return Summary(
        references=len(places),
        deferred=places.count("baseline") + places.count("masked"),
        denied=places.count("denied"),
        built_here=places.count("built-here"),
        exists_here=places.count("exists-here") + places.count("here"),
        missing=places.count("missing") + places.count("unbuilt"),
        also_built=sum(step.is_extra and step.reused is None for step in plan.steps),
        reused=sum(step.reused is not None for step in plan.steps),
        copied=0 if plan.command == "clone" else sum(s.action == "clone" for s in plan.steps),
        cloned_first=sum(s.clone is not None and s.action != "clone" for s in plan.steps),
        baseline=plan.baseline,
        not_built=len(_ancestors_not_built(graph, built)),
        layers={name: counted[name] for name in plan.layers if counted[name]},
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


def summary_line(summary: Summary, policy: str | None, command: str = "") -> str | None:
    """Return the line a run prints that defers or reuses; None for one that does neither."""
    reused = f"Reused {summary.reused} of what was to be built" if summary.reused else None
    if policy is None:
        return reused
    if command == "clone":
        noun = "relation" if summary.references == 1 else "relations"
        return f"Cloning from {summary.baseline}: {summary.references} {noun}"
    noun = "reference" if summary.references == 1 else "references"
    where = ", ".join(f"{name} ({count})" for name, count in summary.layers.items())
    line = f"Deferred {summary.deferred} of {summary.references} {noun} to"
    line = f"{line} {where or summary.baseline}"
    parts = [
        f"{count} {words}"
        for count, words in (
            (summary.built_here, "built by this run"),
            (summary.exists_here, "read from the target"),
            (summary.missing, "found nowhere"),
            (summary.denied, "denied by a rule"),
        )
        if count
    ]
    if parts:
        line = f"{line} ({', '.join(parts)})"
    if summary.copied:
        line = f"{line}; {summary.copied} copied instead of built"
    if summary.cloned_first:
        line = f"{line}; {summary.cloned_first} copied first, to be added to"
    if summary.also_built:
        noun = (
            "ancestor that differs is" if summary.also_built == 1 else "ancestors that differ are"
        )
        line = f"{line}; {summary.also_built} {noun} built first"
    return f"{line}; {summary.reused} reused" if summary.reused else line


def as_json(plan: Plan, graph: Graph) -> dict[str, Any]:
    """Return the plan as plain data, for `upriver plan --output json`."""
    return {
        "command": plan.command,
        "policy": plan.policy,
        "baseline": plan.baseline,
        "layers": list(plan.layers),
        "selected": list(plan.selected),
        "summary": msgspec.to_builtins(summarise(plan, graph)),
        "steps": [
            {
                "unique_id": step.unique_id,
                "action": step.action,
                "waits_for": list(step.waits_for),
                "is_extra": step.is_extra,
                "is_whole": step.is_whole,
                "reused": step.reused,
                "clone": None if step.clone is None else step.clone.relation_name,
                "is_kept": step.is_kept,
                "inputs": [
                    {**msgspec.to_builtins(decision), "why": REASONS.get(decision.reason)}
                    for decision in step.inputs
                ],
            }
            for step in (*plan.before, *plan.steps, *plan.after)
        ],
    }
