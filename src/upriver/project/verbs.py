"""The verbs that need the planner or the runner, each from a request to an outcome."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from upriver.plan.explain import as_json, summarise, summary_line
from upriver.plan.plan import Plan, Step
from upriver.problems import Problem, ProblemsError, has_errors
from upriver.project.events import NothingToDo, Planned, ProblemFound
from upriver.project.execute import Wanted, execute_verb, prepare, publish, run_plan
from upriver.project.opened import Caller, OpenedProject, with_project
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.perform import perform
from upriver.project.previews import Manner, Printed, compiled_lines, preview_lines
from upriver.project.requests import (
    Compile,
    PlanOnly,
    Request,
    Retry,
    RunOperation,
    Show,
)
from upriver.project.resolve import inputs_of, is_on
from upriver.project.retry import read_previous
from upriver.run.setting import OperationCall, ShowOptions
from upriver.workspace.workspace import open_workspace


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
    wanted = Wanted(command=request.command, selecting=request.selecting)
    prepared = prepare(opened, wanted)
    if prepared is None:
        return opened.outcome()
    plan, graph = prepared.plan, prepared.graph
    line = summary_line(summarise(plan, graph), plan.policy)
    opened.listener(
        Planned(plan=plan, graph=graph, summary=summarise(plan, graph), summary_line=line)
    )
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
        request, target_path=workspace.target_path, warn_is_error=workspace.flags.warn_error
    )
    for problem in problems:
        caller.listener(ProblemFound(problem=problem))
    if not retrying.ids:
        caller.listener(NothingToDo())
        return Outcome(problems=problems)
    if isinstance(retrying.request, RunOperation):
        return perform(retrying.request, caller)
    opened = OpenedProject(retrying.request, retrying.which, caller)
    try:
        wanted = Wanted(
            command=retrying.which,
            selecting=retrying.request.selecting,  # type: ignore[attr-defined]
            only=frozenset(retrying.ids),
        )
        return execute_verb(opened, wanted)
    finally:
        opened.close()


def _run_operation(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, RunOperation)  # noqa: S101 - the table below
    loaded = opened.load()
    macro = loaded.macros().find_operation(request.macro)
    if macro is None:
        raise ProblemsError((_unknown_macro(request.macro, opened),))
    plan = Plan(
        command="run-operation",
        steps=(Step(unique_id=macro.unique_id, action="operation"),),
        selected=(),
    )
    call = OperationCall(macro=request.macro, arguments=request.args or {})
    report = run_plan(opened, plan, loaded.graph, loaded, operation=call)
    publish(opened, loaded.graph, report)
    exit_code = ExitCode.SUCCESS if report.is_success else ExitCode.FAILURE
    return opened.outcome(exit_code, graph=loaded.graph, plan=plan, report=report)


def _unknown_macro(name: str, opened: OpenedProject) -> Problem:
    from upriver.resources.nearest import nearest_hint

    names = {macro.name for macro in opened.load().graph.macros.values()}
    return Problem(
        code="macro-not-found",
        message=f"dbt could not find a macro with the name '{name}' in any package",
        hint=nearest_hint(name.rpartition(".")[2], names),
    )


build = _executing("build")
clone = _executing("clone")
compile_nodes = with_project("compile", _compile)
plan = with_project("plan", _plan)
run = _executing("run")
run_operation = with_project("run-operation", _run_operation)
seed = _executing("seed")
show = with_project("show", _show)
snapshot = _executing("snapshot")
test = _executing("test")
