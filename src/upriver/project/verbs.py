"""The verbs that need the planner or the runner, each from a request to an outcome."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import closing

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.explain import as_json, summarise
from upriver.problems import Problem, ProblemsError, has_errors
from upriver.project.events import NothingToDo, Planned, ProblemFound
from upriver.project.execute import Wanted, execute_verb, open_door, prepare
from upriver.project.opened import Caller, OpenedProject, finished, opened_event, with_project
from upriver.project.operations.calling import call_operation
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.perform import perform
from upriver.project.previews import Manner, Printed, compiled_lines, preview_lines, table_lines
from upriver.project.requests import (
    Compile,
    DocsGenerate,
    PlanOnly,
    Request,
    Retry,
    RunOperation,
    Seed,
    Show,
)
from upriver.project.resolve import inputs_of, is_on
from upriver.project.retry import read_previous
from upriver.run.setting import ShowOptions
from upriver.workspace.workspace import open_workspace

_SHOWN_OF_SEEDS = 10


def _executing(which: str) -> Callable[[Request, Caller], Outcome]:
    def act(opened: OpenedProject) -> Outcome:
        selecting = opened.request.selecting  # type: ignore[attr-defined]
        return execute_verb(opened, Wanted(command=which, selecting=selecting))

    return with_project(which, act)


def _compile(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, Compile)  # noqa: S101 - the table below
    wanted = Wanted(command="compile", selecting=request.selecting, inline=request.inline)
    outcome = execute_verb(opened, wanted)
    if outcome.report is None or outcome.graph is None:
        return outcome
    is_asked = bool(request.inline or request.selecting.select)
    printed = compiled_lines(
        outcome.report.results if is_asked else (),
        outcome.graph,
        request.selecting.select,
        _manner(opened, request.output, is_inline=request.inline is not None),
    )
    return _stopped(outcome, printed)


def _manner(opened: OpenedProject, output: str, *, is_inline: bool) -> Manner:
    is_quiet = is_on(opened.request.options.quiet, opened.caller.env, "QUIET")
    return Manner(output=output, is_inline=is_inline, is_quiet=is_quiet)


def _show(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, Show)  # noqa: S101 - the table below
    if request.inline is None and not (request.selecting.select or request.selecting.selector):
        raise ProblemsError((_nothing_to_show(),))
    wanted = Wanted(command="show", selecting=request.selecting, inline=request.inline)
    limit = None if request.limit < 0 else request.limit
    outcome = execute_verb(opened, wanted, show=ShowOptions(limit=limit))
    if outcome.report is None or outcome.graph is None:
        return outcome
    printed = preview_lines(
        outcome.report.results,
        outcome.graph,
        _manner(opened, request.output, is_inline=request.inline is not None),
    )
    return _stopped(outcome, printed)


def _nothing_to_show() -> Problem:
    return Problem(
        code="show-what",
        message="Either --select or --inline must be passed to show",
        hint="`upriver show -s MODEL` shows rows of a model",
    )


def _stopped(outcome: Outcome, printed: Printed) -> Outcome:
    """`compile` and `show` end with 2 where others end with 1 (CLI-13)."""
    exit_code = outcome.exit_code
    is_interrupted = outcome.report is not None and outcome.report.is_interrupted
    if exit_code is ExitCode.FAILURE and not is_interrupted:
        exit_code = ExitCode.ERROR
    return msgspec.structs.replace(
        outcome, exit_code=exit_code, lines=printed.lines, data=printed.data
    )


def _plan(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, PlanOnly)  # noqa: S101 - the table below
    wanted = Wanted(command=request.command, selecting=request.selecting, is_dry=True)
    prepared = prepare(opened, wanted)
    if prepared is None:
        return opened.outcome()
    plan, graph = prepared.plan, prepared.graph
    # The table ends with the summary; it is not told twice.
    summary = summarise(plan, graph)
    opened.listener(Planned(plan=plan, graph=graph, summary=summary, summary_line=None))
    data = as_json(plan, graph)
    lines: tuple[str, ...] = ()
    if request.output == "json":
        lines = (msgspec.json.format(msgspec.json.encode(data), indent=2).decode(),)
    return opened.outcome(graph=graph, plan=plan, lines=lines, data=data)


def retry(request: Request, caller: Caller) -> Outcome:
    """Perform the previous request again for what failed in it (deferral.md section 11)."""
    assert isinstance(request, Retry)  # noqa: S101 - the table below
    inputs = inputs_of(request.options, env=caller.env, cwd=caller.cwd)
    workspace, problems = open_workspace(inputs)
    if workspace is None or has_errors(problems):
        raise ProblemsError(problems)
    retrying, problems = read_previous(
        request,
        target_path=workspace.target_path,
        warn_is_error=workspace.flags.warn_error,
        env=caller.env,
    )
    for problem in problems:
        caller.listener(ProblemFound(problem=problem))
    if not retrying.ids:
        caller.listener(opened_event("retry", workspace, str(uuid.uuid4())))
        caller.listener(NothingToDo())
        return Outcome(problems=problems)
    if isinstance(retrying.request, RunOperation | DocsGenerate):
        # As a whole: what is made of the parts is one thing.
        return perform(retrying.request, caller)
    opened = OpenedProject(retrying.request, retrying.which, caller)
    try:
        wanted = Wanted(
            command=retrying.which,
            selecting=retrying.request.selecting,  # type: ignore[attr-defined]
            only=frozenset(retrying.ids),
            batches=retrying.batches,
        )
        return finished(opened, execute_verb(opened, wanted))
    finally:
        opened.close()


def _seed(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, Seed)  # noqa: S101 - the table below
    outcome = execute_verb(opened, Wanted(command="seed", selecting=request.selecting))
    if not request.show or outcome.report is None or outcome.graph is None:
        return outcome
    loaded = [result for result in outcome.report.results if result.status == "success"]
    texts = _first_rows(opened, outcome.graph, [result.unique_id for result in loaded])
    return msgspec.structs.replace(outcome, lines=texts)


def _first_rows(opened: OpenedProject, graph: Graph, seeds: list[str]) -> tuple[str, ...]:
    texts: list[str] = []
    with closing(open_door(opened)) as door:
        session = door.session("show")
        for unique_id in seeds:
            name = graph.entries[unique_id].relation_name
            sql = f"select * from {name}"  # noqa: S608 - a name the project rendered
            answer = session.execute(sql, fetch=True, limit=_SHOWN_OF_SEEDS)
            texts += [f"Loaded into {name}:", *table_lines(answer.column_names, answer.rows)]
        session.close()
    return tuple(texts)


build = _executing("build")
clone = _executing("clone")
compile_nodes = with_project("compile", _compile)
plan = with_project("plan", _plan)
run = _executing("run")
run_operation = with_project("run-operation", call_operation)
seed = with_project("seed", _seed)
show = with_project("show", _show)
snapshot = _executing("snapshot")
test = _executing("test")
