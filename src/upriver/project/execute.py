"""The verbs that carry out a plan: `run`, `build`, `test`, `seed`, `snapshot`, `compile`, `show`,
`clone`; and `plan`, which stops where they begin.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from itertools import chain
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import Deferral, schemas_to_list
from upriver.plan.explain import summarise, summary_line
from upriver.plan.make import PlanRequest
from upriver.plan.methods import Material, StateAnswers
from upriver.plan.plan import BUILDING, Plan
from upriver.plan.select import Selection
from upriver.problems import ProblemsError
from upriver.project.artifacts import write_run_results
from upriver.project.build_store import published_builds
from upriver.project.compiled_macros import CompiledMacros
from upriver.project.copying.options import clone_options
from upriver.project.deferring.checks import (
    Reading,
    audited,
    readable_counterparts,
    reading_of,
    what_deferral_misses,
)
from upriver.project.deferring.named import favouring
from upriver.project.deferring.rules import denials_of
from upriver.project.events import ArtifactWritten, NothingToDo, Planned
from upriver.project.inline import with_inline
from upriver.project.lineage.asking import reached_by_columns
from upriver.project.loading import Loaded, internal_packages
from upriver.project.manifest_file import write_manifest
from upriver.project.memory import Memory
from upriver.project.opened import OpenedProject
from upriver.project.option_groups import Selecting
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.planning import Planning, plan_of
from upriver.project.previews import shown_ids
from upriver.project.published_state import (
    SEMANTIC,
    State,
    contract_problems,
    deferral_problem,
)
from upriver.project.resolve import Deferring
from upriver.project.saved.saving import Ran, remember
from upriver.project.selecting import select_for
from upriver.project.state_reading import asked_deferral, begin_reading, read_state
from upriver.project.warehouse import Door, SchemaName
from upriver.resources.nodes import Resource
from upriver.run.batches import PastBatches
from upriver.run.events import Event, QueryRan, RunFinished, StepFinished, StepResult
from upriver.run.execute import execute
from upriver.run.report import Report
from upriver.run.setting import RunSetting, ShowOptions
from upriver.run.writer import Writer
from upriver.state.remote.address import read_address
from upriver.state.rules.denial import Denials
from upriver.state.wire.code_nodes import CompiledPart
from upriver.workspace.profile import Profile

_REUSING = frozenset({"run", "build"})

Publisher = Callable[[OpenedProject, Graph, Report], None]
"""Writes what a command leaves behind."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with what it was made from."""

    plan: Plan
    graph: Graph
    loaded: Loaded
    state: State
    deferring: Deferring
    reading: Reading


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is wanted for."""

    command: str
    selecting: Selecting = Selecting()
    inline: str | None = None
    has_hooks: bool = True
    """Whether hooks of the project run, for commands that have them."""
    only: frozenset[str] | None = None
    """Of the selection, act on these only; the selected set stays whole (`retry`, defect D6)."""
    batches: Mapping[str, PastBatches] = {}
    """Of these microbatch models, build only the batches that failed (`retry`)."""
    extra_flags: Mapping[str, Any] = {}
    is_dry: bool = False
    """Only the plan is wanted; it will not be carried out."""


def prepare(opened: OpenedProject, wanted: Wanted, door: Door | None = None) -> Prepared | None:
    """Load, select, look at what exists, and plan; None when nothing is selected.

    Raises ProblemsError for everything that must stop the verb before anything runs.
    """
    is_read = wanted.command != "freshness"
    if is_read:
        begin_reading(opened)
    loaded = opened.load(wanted.extra_flags)
    graph = loaded.graph
    deferring = asked_deferral(opened, wanted.selecting, is_read=is_read)
    state = read_state(opened, deferring, graph)
    opened.require(contract_problems(state, wanted.selecting.select))
    inline_id: str | None = None
    if wanted.inline is not None:
        graph, inline_id, problems = with_inline(graph, wanted.inline, loaded)
        opened.require(problems)
    selection = _selection(opened, wanted, graph, state, inline_id)
    if not selection.ids:
        opened.listener(NothingToDo())
        return None
    if wanted.command == "clone":
        deferring = _always(asked_deferral(opened), compares=deferring.compares)
        # `clone` defers without being asked to (deferral.md section 10).
        state = read_state(opened, deferring, graph)
    problem = deferral_problem(deferring, state)
    if problem is not None:
        opened.require((problem,))
    deferral = favouring(opened, deferral_of(deferring, state), graph, state)
    request = PlanRequest(
        command=wanted.command,
        graph=graph,
        selection=selection,
        deferral=deferral,
        baseline_line=state.line,
        only=_narrowed(wanted, selection, graph, inline_id),
        has_hooks=wanted.has_hooks,
        denials=denials_of(opened, graph, state),
    )
    planning = _planning(opened, wanted, loaded, state, door)
    plan, request = plan_of(planning, request)
    if request.deferral is not None:
        # Of several states, what was chosen for each resource.
        state = msgspec.structs.replace(state, baseline=request.deferral.baseline)
    if not (plan.steps or plan.inlined):
        opened.listener(NothingToDo())
        return None
    prepared = Prepared(
        plan=plan,
        graph=graph,
        loaded=loaded,
        state=state,
        deferring=deferring,
        reading=reading_of(plan, request),
    )
    opened.require(what_deferral_misses(opened, prepared.reading, is_dry=wanted.is_dry))
    return prepared


def _planning(
    opened: OpenedProject, wanted: Wanted, loaded: Loaded, state: State, door: Door | None
) -> Planning:
    return Planning(
        opened=opened,
        loaded=loaded,
        state=state,
        is_dry=wanted.is_dry,
        list_targets=lambda request, ids: list_catalog(
            opened, request.graph, ids, request.deferral, door, request.denials
        ),
        list_schemas=lambda schemas: _listed(opened, schemas, {}, door),
    )


def _narrowed(
    wanted: Wanted, selection: Selection, graph: Graph, inline_id: str | None
) -> frozenset[str] | None:
    """Return what of the selection is acted on; None for all of it."""
    if wanted.command == "show" and inline_id is None:
        # Tests that come along are not worth a query.
        return shown_ids(selection.ids, graph, wanted.selecting.select)
    if wanted.command == "freshness":
        return frozenset(i for i in selection.ids if is_watched(graph.resources[i]))
    if wanted.command == "compile" and not _is_chosen(wanted):
        # Ephemeral models are compiled on their own only when they are asked for, as in dbt.
        entries = graph.entries
        return frozenset(i for i in selection.ids if entries[i].materialized != "ephemeral")
    return wanted.only


def is_watched(resource: Resource) -> bool:
    """Whether a source says how old its rows may be (CLI-79)."""
    freshness = getattr(resource, "freshness", None) or {}
    thresholds = (freshness.get("warn_after"), freshness.get("error_after"))
    return any(one and one.get("count") and one.get("period") for one in thresholds)


def _is_chosen(wanted: Wanted) -> bool:
    selecting = wanted.selecting
    return wanted.inline is not None or bool(selecting.select or selecting.selector)


def list_catalog(
    opened: OpenedProject,
    graph: Graph,
    targets: tuple[str, ...],
    deferral: Deferral | None,
    door: Door | None,
    denials: Denials | None = None,
) -> Catalog:
    """List the schemas that the decisions about these references need."""
    schemas = schemas_to_list(graph, targets, deferral, denials=denials)
    functions = schemas_to_list(graph, targets, deferral, are_functions=True)
    return _listed(opened, schemas, functions, door)


def _listed(
    opened: OpenedProject,
    schemas: Mapping[SchemaName, bool],
    functions: Mapping[SchemaName, bool],
    door: Door | None,
) -> Catalog:
    if not schemas and not functions:
        return Catalog()
    own = door or open_door(opened)
    try:
        catalog, problems = own.catalog(schemas, opened.threads, functions)
    finally:
        if door is None:
            own.close()
    opened.require(problems)
    return catalog


def open_door(opened: OpenedProject) -> Door:
    """Return the door to the project's warehouse; it opens on first use."""
    return Door(_profile(opened), opened.caller.on_query)


def _profile(opened: OpenedProject) -> Profile:
    profile = opened.workspace.profile
    assert profile is not None  # noqa: S101 - a workspace without a profile was refused
    return profile


def _selection(
    opened: OpenedProject, wanted: Wanted, graph: Graph, state: State, inline_id: str | None
) -> Selection:
    if inline_id is not None:
        only = frozenset({inline_id})
        return Selection(ids=only, matched=only)
    material = Material(
        graph=graph,
        comparison=_comparison(opened, wanted, graph, state),
        results=state.results,
        fresher_sources=state.fresher,
        state_path=state.path,
        reached=reached_by_columns(opened, graph, state, running),
    )
    selected, problems = select_for(wanted.command, wanted.selecting, opened.workspace, material)
    opened.require(problems)
    if selected is None:
        raise ProblemsError(tuple(opened.problems))
    return selected.selection


def running(opened: OpenedProject, graph: Graph, loaded: Loaded) -> tuple[Door, RunSetting]:
    """Return a door, and what running behind it needs; whoever asks closes it."""
    door = open_door(opened)
    return door, setting_for(opened, door, graph, loaded)


def _comparison(
    opened: OpenedProject, wanted: Wanted, graph: Graph, state: State
) -> StateAnswers | None:
    if state.comparison is None or not any(SEMANTIC in w for w in wanted.selecting.select):
        return state.comparison
    # Fingerprints are loaded for who asks for them.
    from upriver.project.reasons import Reasons

    return Reasons(opened, opened.load(), graph, state)


def _always(deferring: Deferring, *, compares: bool) -> Deferring:
    policy = deferring.policy or "exists"
    return msgspec.structs.replace(deferring, policy=policy, compares=compares)


def deferral_of(deferring: Deferring, state: State) -> Deferral | None:
    """Return what deferral is asked to do, if it is."""
    if deferring.policy is None or state.baseline is None:
        return None
    return Deferral(
        policy=deferring.policy,
        baseline=state.baseline,
        name=read_address(deferring.baseline or "").shown,
        layers=state.layers,
    )


def execute_verb(
    opened: OpenedProject,
    wanted: Wanted,
    *,
    show: ShowOptions | None = None,
    write: Publisher | None = None,
) -> Outcome:
    """Plan and carry out; artifacts are written however the run ends, by `write` if given."""
    door = open_door(opened)
    try:
        prepared = prepare(opened, wanted, door)
        if prepared is None:
            # Nothing is what was done; artifacts of an earlier run would say otherwise.
            opened.make_target_path()
            publish(opened, opened.load(wanted.extra_flags).graph, Report())
            return opened.outcome()
        opened.make_target_path()
        announce(opened, prepared.plan, prepared.graph)
        opened.report(audited(opened, prepared.reading, "begins"))
        setting = setting_for(opened, door, prepared.graph, prepared.loaded)
        setting = msgspec.structs.replace(
            setting,
            published=readable_counterparts(prepared.reading),
            denials=prepared.reading.denials,
            show=show or ShowOptions(),
            cloning=clone_options(opened),
            batches=wanted.batches,
            durations=Memory(opened.store).durations() if len(prepared.plan.steps) > 1 else {},
        )
        report = _carried_out(opened, prepared, setting)
    finally:
        door.close()
    remember(
        opened,
        Ran(
            plan=prepared.plan,
            graph=prepared.graph,
            catalog=prepared.reading.catalog,
            state=prepared.state,
            report=report,
        ),
    )
    (write or publish)(opened, prepared.loaded.graph, report)
    exit_code = ExitCode.SUCCESS if report.is_success else ExitCode.FAILURE
    return opened.outcome(exit_code, graph=prepared.graph, plan=prepared.plan, report=report)


def _carried_out(opened: OpenedProject, prepared: Prepared, setting: RunSetting) -> Report:
    """Execute, and record what is built."""
    compiled = CompiledMacros(opened.caller.templates)
    compiled.load()
    try:
        return _recorded(opened, prepared, execute(prepared.plan, setting))
    finally:
        internal = internal_packages(prepared.loaded.settings)
        macros = prepared.loaded.graph.macros.values()
        compiled.save(macro for macro in macros if macro.package in internal)


def _recorded(opened: OpenedProject, prepared: Prepared, events: Generator[Event]) -> Report:
    if not any(step.action in BUILDING for step in prepared.plan.steps):
        return gather(opened, events)
    # Commands that build nothing record nothing.
    from upriver.project.evidence import Evidence

    evidence = Evidence(opened, prepared.loaded, prepared.graph, prepared.state)
    ledger = evidence.ledger(prepared.plan)
    try:
        return gather(opened, events, ledger.hear)
    finally:
        opened.report(ledger.close())


def announce(opened: OpenedProject, plan: Plan, graph: Graph) -> None:
    """Tell what a plan is going to do."""
    summary = summarise(plan, graph)
    line = summary_line(summary, plan.policy, plan.command)
    opened.listener(Planned(plan=plan, graph=graph, summary=summary, summary_line=line))


def setting_for(opened: OpenedProject, door: Door, graph: Graph, loaded: Loaded) -> RunSetting:
    """Return what running in the project's warehouse needs."""
    workspace = opened.workspace
    shown = workspace.inputs.target_path or workspace.settings.target_path
    return RunSetting(
        graph=graph,
        settings=loaded.settings,
        macros=loaded.macros(),
        adapter=door.adapter,
        warehouse=door.warehouse,
        threads=opened.threads,
        target_name=_profile(opened).target_name,
        project_root=workspace.root,
        writer=Writer(opened.target_path, shown) if workspace.flags.write_json else None,
        is_fail_fast=workspace.flags.fail_fast,
        query_comment=workspace.settings.query_comment,
        fixtures=_fixtures(loaded),
        stop=opened.caller.stop,
        on_query=_query_listener(opened),
        at_once=opened.listener if opened.caller.is_heard_from_any_thread else None,
        memory=opened.caller.templates,
        cache=door.cache,
    )


def _fixtures(loaded: Loaded) -> Mapping[str, str]:
    """Return unit-test fixtures by file name; unreadable ones are missed where they are used."""
    files = [file for file in loaded.files if file.kind == "fixture"]
    if not files:
        return {}
    from upriver.workspace.discover import read_text

    texts = ((file.path.rpartition("/")[2], read_text(file)) for file in files)
    return {name: text for name, text in texts if isinstance(text, str)}


def _query_listener(opened: OpenedProject) -> Callable[[QueryRan], None] | None:
    if opened.caller.on_query is None:
        return None
    return opened.listener


def gather(
    opened: OpenedProject,
    events: Generator[Event],
    hear: Callable[[Event], None] = lambda _: None,
) -> Report:
    """Pass every event on, and keep the results; `hear` is told before anybody else."""
    results: list[StepResult] = []
    ended = RunFinished(elapsed=0.0)
    # Closed also when a listener fails, so that the run ends before its warehouse does.
    with closing(events):
        for event in events:
            hear(event)
            opened.listener(event)
            if isinstance(event, StepFinished):
                results.append(event.result)
            elif isinstance(event, RunFinished):
                ended = event
    return Report(
        results=tuple(results),
        elapsed=ended.elapsed,
        is_interrupted=ended.is_interrupted,
        inlined=ended.inlined,
    )


def publish(opened: OpenedProject, graph: Graph, report: Report) -> None:
    """Write the manifest, with what was compiled, and the run results."""
    if not opened.workspace.flags.write_json:
        return
    compiled = {
        inlined.unique_id: CompiledPart(
            compiled_code=inlined.code,
            compiled_path=inlined.compiled_path,
            extra_ctes=inlined.extra_ctes,
        )
        for inlined in chain(report.inlined, *(result.inlined for result in report.results))
    }
    compiled |= {
        result.unique_id: CompiledPart(
            compiled_code=result.compiled_code,
            compiled_path=result.compiled_path,
            build_path=result.build_path,
            extra_ctes=result.extra_ctes,
        )
        for result in report.results
        if result.compiled and result.compiled_code is not None
    }
    path = write_manifest(
        opened.target_path,
        graph,
        opened.invocation,
        compiled,
        Memory(opened.store),
        published_builds(opened, graph),
    )
    opened.listener(ArtifactWritten(path=path))
    path = write_run_results(opened.target_path, report, opened.invocation, opened.args)
    opened.listener(ArtifactWritten(path=path))
