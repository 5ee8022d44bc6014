"""The one door of the room: a request in, an outcome out; every verb is found here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from upriver.plan.explain import as_json, summarise, summary_line
from upriver.plan.plan import Plan, Step
from upriver.problems import Problem, ProblemsError, has_errors
from upriver.project.artifacts import write_manifest
from upriver.project.clean import clean
from upriver.project.debug import debug
from upriver.project.events import ArtifactWritten, Listener, NothingToDo, Planned, ProblemFound
from upriver.project.execute import Wanted, execute_verb, prepare, publish, run_plan
from upriver.project.init import init
from upriver.project.listing import list_resources
from upriver.project.opened import Caller, OpenedProject
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.previews import compiled_lines, preview_lines
from upriver.project.requests import (
    Build,
    Clean,
    Clone,
    Compile,
    Debug,
    Init,
    List,
    Parse,
    PlanOnly,
    Request,
    Retry,
    Run,
    RunOperation,
    Seed,
    Show,
    Snapshot,
    Test,
)
from upriver.project.resolve import from_environment, inputs_of
from upriver.project.retry import read_previous
from upriver.run.setting import OperationCall, ShowOptions
from upriver.workspace.workspace import open_workspace


def perform(request: Request, caller: Caller) -> Outcome:
    """Do what is asked. Problems are outcomes with exit code 2, never exceptions."""
    seen: list[Problem] = []

    def listen(event: object) -> None:
        if isinstance(event, ProblemFound):
            seen.append(event.problem)
        caller.listener(event)  # type: ignore[arg-type]

    told = msgspec.structs.replace(caller, listener=listen)
    try:
        return _VERBS[type(request)](request, told)
    except ProblemsError as error:
        for problem in error.problems:
            if problem not in seen:
                told.listener(ProblemFound(problem=problem))
        return Outcome(exit_code=ExitCode.ERROR, problems=error.problems)


def _with_project(
    which: str, act: Callable[[OpenedProject], Outcome]
) -> Callable[[Request, Caller], Outcome]:
    def verb(request: Request, caller: Caller) -> Outcome:
        opened = OpenedProject(request, which, caller)
        try:
            return act(opened)
        finally:
            opened.close()

    return verb


def _executing(which: str) -> Callable[[Request, Caller], Outcome]:
    def act(opened: OpenedProject) -> Outcome:
        selecting = opened.request.selecting  # type: ignore[attr-defined]
        return execute_verb(opened, Wanted(command=which, selecting=selecting))

    return _with_project(which, act)


def _compile(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, Compile)  # noqa: S101 - the table below
    wanted = Wanted(command="compile", selecting=request.selecting, inline=request.inline)
    outcome = execute_verb(opened, wanted)
    if outcome.report is None or outcome.graph is None:
        return outcome
    is_asked = bool(request.inline or request.selecting.select)
    lines = compiled_lines(
        outcome.report.results if is_asked else (),
        outcome.graph,
        output=request.output,
        is_inline=request.inline is not None,
    )
    return _stopped(msgspec.structs.replace(outcome, lines=lines))


def _show(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, Show)  # noqa: S101 - the table below
    wanted = Wanted(command="show", selecting=request.selecting, inline=request.inline)
    limit = None if request.limit < 0 else request.limit
    outcome = execute_verb(opened, wanted, show=ShowOptions(limit=limit))
    if outcome.report is None or outcome.graph is None:
        return outcome
    lines = preview_lines(
        outcome.report.results,
        outcome.graph,
        output=request.output,
        is_inline=request.inline is not None,
    )
    return _stopped(msgspec.structs.replace(outcome, lines=lines))


def _stopped(outcome: Outcome) -> Outcome:
    """`compile` and `show` end with 2 where others end with 1 (CLI-13)."""
    if outcome.exit_code is ExitCode.FAILURE:
        return msgspec.structs.replace(outcome, exit_code=ExitCode.ERROR)
    return outcome


def _list(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, List)  # noqa: S101 - the table below
    return list_resources(opened, request)


def _parse(opened: OpenedProject) -> Outcome:
    graph = opened.load().graph
    if opened.workspace.flags.write_json:
        path = write_manifest(opened.target_path, graph, opened.invocation, {})
        opened.listener(ArtifactWritten(path=path))
    return opened.outcome(graph=graph)


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


def _retry(request: Request, caller: Caller) -> Outcome:
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
            has_hooks=False,
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


def _clean(request: Request, caller: Caller) -> Outcome:
    assert isinstance(request, Clean)  # noqa: S101 - the table below
    filled, problems = from_environment(request, caller.env)
    inputs = inputs_of(request.options, env=caller.env, cwd=caller.cwd, needs_profile=False)
    workspace, more = open_workspace(inputs)
    problems = (*problems, *more)
    if workspace is None or has_errors(problems):
        raise ProblemsError(problems)
    is_careful = filled.clean_project_files_only is not False
    problems = clean(workspace, caller.listener, project_files_only=is_careful)
    if problems:
        raise ProblemsError(problems)
    return Outcome()


def _debug(request: Request, caller: Caller) -> Outcome:
    assert isinstance(request, Debug)  # noqa: S101 - the table below
    return debug(request, caller)


def _init(request: Request, caller: Caller) -> Outcome:
    assert isinstance(request, Init)  # noqa: S101 - the table below
    return init(request, caller)


_VERBS: Mapping[type[Request], Callable[[Request, Caller], Outcome]] = {
    Build: _executing("build"),
    Clean: _clean,
    Clone: _executing("clone"),
    Compile: _with_project("compile", _compile),
    Debug: _debug,
    Init: _init,
    List: _with_project("ls", _list),
    Parse: _with_project("parse", _parse),
    PlanOnly: _with_project("plan", _plan),
    Retry: _retry,
    Run: _executing("run"),
    RunOperation: _with_project("run-operation", _run_operation),
    Seed: _executing("seed"),
    Show: _with_project("show", _show),
    Snapshot: _executing("snapshot"),
    Test: _executing("test"),
}

__all__ = ["Listener", "perform"]
