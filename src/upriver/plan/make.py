"""Making a plan: a selection becomes ordered steps whose references are all resolved."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import (
    Deferral,
    Standing,
    Surroundings,
    clone_source,
    decisions,
    exists,
    references,
)
from upriver.plan.order import topological, waits
from upriver.plan.plan import BUILDING, Action, Plan, Step
from upriver.plan.select import Selection
from upriver.resources.relation import RelationName
from upriver.state.defer import counted_as_selected
from upriver.state.rules.denial import Denials

KINDS_OF_COMMAND: Mapping[str, frozenset[str]] = {
    "run": frozenset({"model"}),
    "test": frozenset({"test", "unit_test"}),
    "seed": frozenset({"seed"}),
    "snapshot": frozenset({"snapshot"}),
    "build": frozenset(
        {"model", "seed", "snapshot", "test", "unit_test", "exposure", "saved_query", "function"}
    ),
    "clone": frozenset({"model", "seed", "snapshot"}),
    "compile": frozenset(
        {
            "model",
            "seed",
            "snapshot",
            "test",
            "analysis",
            "operation",
            "sql_operation",
            "function",
        }
    ),
    "show": frozenset({"model", "seed", "snapshot", "test", "analysis", "sql_operation"}),
    "freshness": frozenset({"source"}),
}
"""Which kinds a command acts on (SEL-53..61)."""

_BUILDING: frozenset[Action] = frozenset({"run", "seed", "snapshot", "function"})
_ACTION_OF_KIND: Mapping[str, Action] = {
    "model": "run",
    "seed": "seed",
    "snapshot": "snapshot",
    "test": "test",
    "unit_test": "unit-test",
    "function": "function",
    "exposure": "no-op",
    "saved_query": "no-op",
    "source": "freshness",
}
_PARALLEL_COMMANDS = frozenset({"clone", "compile", "show", "freshness"})
"""Commands whose steps do not need each other's results."""
_NEEDS_SCHEMAS = frozenset({"run", "seed", "snapshot", "build", "clone", "test"})
_HAS_HOOKS = frozenset({"run", "seed", "snapshot", "build", "test", "freshness"})


class Cloning(msgspec.Struct, frozen=True, kw_only=True):
    """Which relations are copied from the baseline, and which copies are made again."""

    first: frozenset[str] = frozenset()
    """Copied before they are built, so that the build adds to what is published."""
    instead: Mapping[str, str] = {}
    """Why a copy takes the place of a build, by unique_id."""
    stale: Mapping[str, str] = {}
    """`clone` only: why what is there is replaced, by unique_id."""
    kept: Mapping[str, str] = {}
    """`clone` only: why what is there is kept, where that is not plain."""
    replaces_all: bool = False
    """`clone` only: whatever is there is replaced."""


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a plan depends on."""

    command: str
    graph: Graph
    selection: Selection
    catalog: Catalog = Catalog()
    deferral: Deferral | None = None
    baseline_line: str | None = None
    only: frozenset[str] | None = None
    """Of the selection, make steps for these only; decisions still see the whole selection."""
    has_hooks: bool = True
    extra: frozenset[str] = frozenset()
    """Not selected, and built nevertheless, since a step reads them (policy `fresh`)."""
    standings: Mapping[str, Standing] = {}
    """Policy `fresh` only."""
    denials: Denials | None = None
    """Rules about what may not be read from another environment."""
    reused: Mapping[str, str] = {}
    """Why a resource need not be built, by unique_id."""
    cloning: Cloning = Cloning()


_INLINING = frozenset({"build", "compile", "run"})
"""Commands that compile selected ephemeral models, whoever reads them (as observed)."""


def selected_set(request: PlanRequest) -> frozenset[str]:
    """Return the selected set that decisions look at (deferral.md 6.2, D4)."""
    graph = request.graph
    attached = {
        test: parent
        for test in request.selection.matched
        if graph.entries[test].kind in ("test", "unit_test")
        and (parent := _tested(graph, test)) is not None
    }
    return counted_as_selected(
        request.command,
        executed=request.selection.ids,
        matched=request.selection.matched,
        attached_nodes=attached if request.command == "test" else None,
    )


def _tested(graph: Graph, test: str) -> str | None:
    """Return what a test is about; nothing for a singular test of several resources."""
    attached = getattr(graph.resources[test], "attached_node", None)
    parents = graph.parents.get(test, ())
    if attached is None and (len(parents) == 1 or graph.entries[test].kind == "unit_test"):
        return next(iter(parents), None)
    return attached


def referenced(graph: Graph, ids: frozenset[str]) -> tuple[str, ...]:
    """Return everything the steps of these ids read, and the project's hooks, each once."""
    found: dict[str, None] = {}
    for unique_id in (*sorted(ids), *hook_ids(graph)):
        found.update(dict.fromkeys(references(graph, unique_id)))
    return tuple(found)


def hook_ids(graph: Graph) -> tuple[str, ...]:
    """Return the project's hooks, which run before and after a plan's steps."""
    return (*_hooks(graph, "start"), *_hooks(graph, "end"))


def make_plan(request: PlanRequest) -> Plan:
    """Order the selection and resolve every reference. Touches nothing."""
    graph = request.graph
    ids = _executed(request) | request.extra
    is_build = request.command == "build"
    if request.command in _PARALLEL_COMMANDS:
        waiting: dict[str, set[str]] = {unique_id: set() for unique_id in ids}
    else:
        inlined = (request.selection.ids - ids) if is_build and request.only is None else None
        waiting = waits(graph, ids, do_tests_gate=is_build, inlined=inlined or frozenset())
    unit_tests = _unit_tests_of_models(graph, ids) if is_build else {}
    inside = {test for tests in unit_tests.values() for test in tests}
    surroundings = Surroundings(
        graph=graph,
        catalog=request.catalog,
        deferral=request.deferral,
        selected=selected_set(request),
        standings=request.standings,
        denials=request.denials,
    )
    steps = _steps(request, surroundings, waiting, unit_tests, inside)
    built = frozenset(step.unique_id for step in steps if step.action in BUILDING)
    has_hooks = request.has_hooks and request.command in _HAS_HOOKS and bool(steps)
    return Plan(
        command=request.command,
        steps=steps,
        selected=tuple(sorted(request.selection.ids)),
        inlined=_inlined(request, surroundings, ids, built),
        before=_hook_steps(surroundings, "start", frozenset()) if has_hooks else (),
        after=_hook_steps(surroundings, "end", built) if has_hooks else (),
        schemas=_schemas(request, steps),
        policy=None if request.deferral is None else request.deferral.policy,
        baseline=request.baseline_line,
        layers=()
        if request.deferral is None
        else tuple(layer.name for layer in request.deferral.layers),
    )


def _inlined(
    request: PlanRequest, surroundings: Surroundings, ids: frozenset[str], built: frozenset[str]
) -> tuple[Step, ...]:
    """Return the selected ephemeral models, as what would compile them."""
    is_compile = request.command == "compile"
    if request.command not in _INLINING or (request.only is not None and not is_compile):
        return ()
    entries = request.graph.entries
    return tuple(
        Step(
            unique_id=unique_id,
            action="compile",
            inputs=decisions(surroundings, references(request.graph, unique_id), built),
        )
        for unique_id in sorted(request.selection.ids - ids)
        if entries[unique_id].kind == "model" and entries[unique_id].materialized == "ephemeral"
    )


def _executed(request: PlanRequest) -> frozenset[str]:
    """Leave out ephemeral models where a command would create their relation."""
    ids = request.selection.ids
    if request.only is not None:
        ids &= request.only
    if request.command in ("compile", "show"):
        return ids
    entries = request.graph.entries
    return frozenset(i for i in ids if entries[i].materialized != "ephemeral")


def _steps(
    request: PlanRequest,
    surroundings: Surroundings,
    waiting: dict[str, set[str]],
    unit_tests: Mapping[str, tuple[str, ...]],
    inside: set[str],
) -> tuple[Step, ...]:
    graph = request.graph
    actions = {i: _action(request.command, graph.entries[i]) for i in waiting}
    actions.update(dict.fromkeys(request.reused.keys() & actions.keys(), "no-op"))
    actions.update(dict.fromkeys(request.cloning.instead.keys() & actions.keys(), "clone"))
    steps: list[Step] = []
    for unique_id in topological(waiting):
        direct = waiting[unique_id]
        targets = references(graph, unique_id)
        built = frozenset(
            target
            for target in targets
            if actions.get(target) in BUILDING and _is_above(target, direct, waiting)
        )
        if unique_id in inside:
            continue
        if actions[unique_id] == "clone":
            made = _clone_step(request, graph.entries[unique_id])
            behind = tuple(sorted(direct - inside))
            tests = unit_tests.get(unique_id, ())
            steps.append(msgspec.structs.replace(made, waits_for=behind, unit_tests=tests))
            continue
        is_cloned = unique_id in request.cloning.first and actions[unique_id] in _BUILDING
        steps.append(
            Step(
                unique_id=unique_id,
                action=actions[unique_id],
                clone=clone_source(request.deferral, unique_id, request.denials)
                if is_cloned
                else None,
                waits_for=tuple(sorted(direct - inside)),
                inputs=decisions(surroundings, targets, built),
                is_extra=unique_id in request.extra,
                is_whole=_is_whole(request, unique_id),
                reused=request.reused.get(unique_id),
                unit_tests=unit_tests.get(unique_id, ()),
            )
        )
    return tuple(steps)


def _clone_step(request: PlanRequest, entry: Entry) -> Step:
    cloning, unique_id = request.cloning, entry.unique_id
    source = clone_source(request.deferral, unique_id, request.denials)
    why = cloning.instead.get(unique_id) or cloning.stale.get(unique_id)
    is_replaced = cloning.replaces_all or why is not None
    is_there = not is_replaced and exists(request.catalog, entry.kind, entry.relation)
    is_nothing = source is None or source.relation == entry.relation
    return Step(
        unique_id=unique_id,
        action="clone",
        inputs=() if source is None else (source,),
        clone=source,
        is_whole=is_replaced,
        is_kept=is_nothing or is_there,
        why=why or cloning.kept.get(unique_id),
    )


def _is_whole(request: PlanRequest, unique_id: str) -> bool:
    """Whether rows of other code would be kept otherwise; a snapshot's are meant to be."""
    standing = request.standings.get(unique_id)
    if standing is None or not standing.has_copy or standing.is_copy_current:
        return False
    return unique_id.partition(".")[0] in ("model", "seed")


def _is_above(
    target: str,
    direct: set[str],
    waiting: Mapping[str, set[str]],
) -> bool:
    """Whether the target's step ends before: nearly always one of those directly waited for."""
    if target in direct:
        return True
    seen: set[str] = set()
    front = set(direct)
    while front:
        if target in front:
            return True
        seen |= front
        front = {up for unique_id in front for up in waiting.get(unique_id, ())} - seen
    return False


def _action(command: str, entry: Entry) -> Action:
    if command in ("compile", "show", "clone"):
        return command  # type: ignore[return-value]
    return _ACTION_OF_KIND[entry.kind]


def _unit_tests_of_models(graph: Graph, ids: frozenset[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for unique_id in sorted(ids):
        if graph.entries[unique_id].kind == "unit_test":
            for parent in graph.parents.get(unique_id, ())[:1]:
                if parent in ids:
                    found.setdefault(parent, []).append(unique_id)
    return {model: tuple(tests) for model, tests in found.items()}


def _hooks(graph: Graph, moment: str) -> tuple[str, ...]:
    """Operations of `on-run-start` or `on-run-end`, in the order of the graph (PROJ-242)."""
    mark = f"-on-run-{moment}-"
    return tuple(
        unique_id
        for unique_id, entry in graph.entries.items()
        if entry.kind == "operation" and mark in entry.name
    )


def _hook_steps(
    surroundings: Surroundings, moment: str, built: frozenset[str]
) -> tuple[Step, ...]:
    graph = surroundings.graph
    return tuple(
        Step(
            unique_id=unique_id,
            action="hook",
            inputs=decisions(surroundings, references(graph, unique_id), built),
        )
        for unique_id in _hooks(graph, moment)
    )


def _schemas(request: PlanRequest, steps: tuple[Step, ...]) -> tuple[RelationName, ...]:
    if request.command not in _NEEDS_SCHEMAS:
        return ()
    found: dict[tuple[str | None, str], RelationName] = {}
    for step in steps:
        entry = request.graph.entries[step.unique_id]
        # A test has a rendered name only where it stores its failures (CLI-65).
        is_stored = entry.relation_name is not None or entry.kind == "function"
        if entry.relation is None or not is_stored:
            continue
        key = (entry.relation.database, entry.relation.schema or "")
        found[key] = RelationName(database=key[0], schema=key[1], identifier=None)
    return tuple(found[key] for key in sorted(found, key=lambda k: (k[0] or "", k[1])))
