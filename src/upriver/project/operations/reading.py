"""What the macro of `run-operation` reads where deferral is asked of it (defect D9).

dbt accepts its deferral options there and ignores them, and so they mean nothing here either: macros
that are called by hand drop and change things, and what they name is the target's. `--defer-policy`,
which dbt does not have, and `operations: true` of the target in `upriver.yml` say that the macro reads
by the rules of every other command.

No plan can see what a macro will ask for. What its text, and the texts of what it calls, name by
literals is decided, checked and recorded before anything runs; anything else is decided in the same
way, and is checked and recorded when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.jinja.errors import CompilationError
from upriver.plan.catalog import Catalog
from upriver.plan.decide import Deferral, Standing, Surroundings, decisions, settled
from upriver.plan.plan import Decision, Plan, Step
from upriver.plan.preflight import refusal
from upriver.problems import Problem
from upriver.project.deferring.audit import Ending, read_row, record_reads
from upriver.project.deferring.checks import Reading, audited, what_deferral_misses
from upriver.project.deferring.named import favouring
from upriver.project.deferring.rules import denials_of
from upriver.project.execute import deferral_of, list_catalog
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State, deferral_problem
from upriver.project.state_reading import asked_deferral, read_state
from upriver.project.warehouse import Door
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.macro import Macro
from upriver.run.resolve import InputResolver, LocalDecisions
from upriver.state.defer import DEFERRABLE_KINDS

_QUOTES = "'\""
_TEXT = r"'[^'\\]*'|\"[^\"\\]*\""
_CALL = re.compile(
    rf"\b(?P<kind>ref|source|function)\s*\(\s*(?P<first>{_TEXT})\s*"
    rf"(?:,\s*(?P<second>{_TEXT})\s*)?(?:,\s*(?:v|version)\s*=\s*(?P<version>\d+|{_TEXT})\s*)?\)"
)
_ELSEWHERE = frozenset({"baseline", "masked", "denied"})


class OperationReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a macro may read, and what of it is certain."""

    plan: Plan
    decisions: Mapping[str, Decision]
    """Of everything that can be referred to, by unique_id."""
    reading: Reading


def read_operation(
    opened: OpenedProject, loaded: Loaded, macro: Macro, door: Door
) -> OperationReading:
    """Decide everything that the macro may ask for. Raises ProblemsError."""
    graph = loaded.graph
    deferring = asked_deferral(opened)
    state = read_state(opened, deferring, graph)
    problem = deferral_problem(deferring, state)
    if problem is not None:
        opened.require((problem,))
    deferral = favouring(opened, deferral_of(deferring, state), graph, state)
    denials = denials_of(opened, graph, state)
    kinds = DEFERRABLE_KINDS | {"source"}
    targets = tuple(i for i, entry in graph.entries.items() if entry.kind in kinds)
    catalog = list_catalog(opened, graph, targets, deferral, door, denials)
    standings = _standings(opened, loaded, state, (deferral, catalog))
    surroundings = Surroundings(
        graph=graph,
        catalog=catalog,
        deferral=settled(deferral, targets, catalog, standings),
        selected=frozenset(),
        standings=standings,
        denials=denials,
    )
    decided = {one.target: one for one in decisions(surroundings, targets, frozenset())}
    named = tuple(decided[target] for target in _named(graph, macro) if target in decided)
    plan = Plan(
        command="run-operation",
        steps=(Step(unique_id=macro.unique_id, action="operation", inputs=named),),
        selected=(),
        policy=None if deferral is None else deferral.policy,
        baseline=state.line,
    )
    reading = Reading(
        plan=plan,
        graph=_with_macro(graph, macro),
        catalog=catalog,
        deferral=surroundings.deferral,
        denials=denials,
    )
    opened.require((*what_deferral_misses(opened, reading, is_dry=False), *_unbuilt(graph, plan)))
    opened.report(audited(opened, reading, "begins"))
    return OperationReading(plan=plan, decisions=decided, reading=reading)


class Noting:
    """Told of what the macro reads: refuses what may not be read, records what was not foreseen."""

    def __init__(self, opened: OpenedProject, found: OperationReading) -> None:
        self._opened = opened
        self._graph = found.reading.graph
        self._plan = found.plan
        self._known = {one.target for step in found.plan.steps for one in step.inputs}

    def read(self, decision: Decision) -> None:
        """Look at one reference. Raises CompilationError."""
        is_new = decision.target not in self._known
        self._known.add(decision.target)
        if is_new and decision.place in _ELSEWHERE:
            row = {**read_row(decision), "readers": [self._plan.steps[0].unique_id]}
            about = {"policy": self._plan.policy, "state": self._plan.baseline}
            outcome: Ending = "refused" if decision.place == "denied" else "reads"
            self._opened.report(record_reads(self._opened, about, outcome, [row]))
        name = self._graph.entries[decision.target].name
        if decision.place == "denied":
            raise CompilationError(
                f"`{name}` would be read from {decision.relation_name}, which the rule"
                f" `{decision.rule}` denies",
                code="deferral-denied",
                hint="Let the rule name a masked or sampled relation with `use:`",
            )
        if decision.place == "unbuilt":
            problem = refusal([name], "the macro", "run-operation")
            raise CompilationError(problem.message, code=problem.code, hint=problem.hint)


def _standings(
    opened: OpenedProject,
    loaded: Loaded,
    state: State,
    found: tuple[Deferral | None, Catalog],
) -> Mapping[str, Standing]:
    deferral, catalog = found
    if deferral is None or deferral.policy != "fresh":
        return {}
    # Fingerprints are loaded for who asks for them.
    from upriver.project.evidence import Evidence

    entries = loaded.graph.entries
    evidence = Evidence(opened, loaded, loaded.graph, state)
    deferrable = (i for i, entry in entries.items() if entry.kind in DEFERRABLE_KINDS)
    standings = {i: evidence.standing(i, catalog) for i in deferrable}
    evidence.local().save()
    return standings


def _unbuilt(graph: Graph, plan: Plan) -> tuple[Problem, ...]:
    inputs = (one for step in plan.steps for one in step.inputs)
    names = [graph.entries[one.target].name for one in inputs if one.place == "unbuilt"]
    return (refusal(names, "the macro", "run-operation"),) if names else ()


def _named(graph: Graph, macro: Macro) -> tuple[str, ...]:
    """Return what the macro, and what it calls, name by literals."""
    found: dict[str, None] = {}
    for one in _called(graph, macro):
        resolver = InputResolver(
            one.package,
            one.name,
            LocalDecisions(graph.entries, graph.entries, ()),
            graph.entries,
            lambda decision: decision,
            root=graph.facts.project_name,
        )
        for match in _CALL.finditer(one.macro_sql):
            target = _meant(resolver, match)
            if target is not None:
                found[target] = None
    return tuple(found)


def _called(graph: Graph, macro: Macro) -> Iterator[Macro]:
    seen: set[str] = set()
    front = [macro.unique_id]
    while front:
        unique_id = front.pop()
        one = graph.macros.get(unique_id)
        if unique_id in seen or one is None:
            continue
        seen.add(unique_id)
        yield one
        front.extend(one.depends_on)


def _meant(resolver: InputResolver, match: re.Match[str]) -> str | None:
    first = match["first"].strip(_QUOTES)
    second = None if match["second"] is None else match["second"].strip(_QUOTES)
    version = None if match["version"] is None else match["version"].strip(_QUOTES)
    try:
        if match["kind"] == "source":
            return resolver.find_source(SourceCall(source=first, table=second or ""))
        package, name = (None, first) if second is None else (first, second)
        call = RefCall(name=name, package=package, version=version)
        is_function = match["kind"] == "function"
        return resolver.find_function(call) if is_function else resolver.find_ref(call)
    except CompilationError:
        # It will be told when it is called, if it is.
        return None


def _with_macro(graph: Graph, macro: Macro) -> Graph:
    """Return a graph in which the macro is a reader like any other."""
    entry = Entry(
        unique_id=macro.unique_id,
        kind="operation",
        name=macro.name,
        package=macro.package,
        fqn=(macro.package, macro.name),
    )
    return msgspec.structs.replace(graph, entries={**graph.entries, macro.unique_id: entry})
