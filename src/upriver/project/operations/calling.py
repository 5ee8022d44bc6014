"""The verb `run-operation`."""

from __future__ import annotations

from contextlib import closing

import msgspec

from upriver.plan.plan import Plan, Step
from upriver.problems import Problem, ProblemsError
from upriver.project.deferring.rules import denials_of
from upriver.project.execute import announce, gather, open_door, publish, setting_for
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.published_state import State
from upriver.project.requests import RunOperation
from upriver.project.warehouse import Door
from upriver.resources.macro import Macro
from upriver.run.execute import execute
from upriver.run.setting import OperationCall
from upriver.state.rules.denial import Denials


class _Called(msgspec.Struct, frozen=True, kw_only=True):
    plan: Plan
    call: OperationCall
    denials: Denials | None


def call_operation(opened: OpenedProject) -> Outcome:
    """Call the macro that the request names."""
    request = opened.request
    assert isinstance(request, RunOperation)  # noqa: S101 - the table of verbs
    loaded = opened.load()
    macro = loaded.macros().find_operation(request.macro)
    if macro is None:
        raise ProblemsError((_unknown_macro(request.macro, opened),))
    call = OperationCall(macro=request.macro, arguments=request.args or {})
    with closing(open_door(opened)) as door:
        called = _called(opened, loaded, macro, call, door)
        setting = msgspec.structs.replace(
            setting_for(opened, door, loaded.graph, loaded),
            operation=called.call,
            denials=called.denials,
        )
        report = gather(opened, execute(called.plan, setting))
    publish(opened, loaded.graph, report)
    exit_code = ExitCode.SUCCESS if report.is_success else ExitCode.FAILURE
    return opened.outcome(exit_code, graph=loaded.graph, plan=called.plan, report=report)


def is_operation_deferred(opened: OpenedProject) -> bool:
    """Whether deferral is asked of `run-operation`, in a way that dbt does not know."""
    options = opened.request.options
    if options.defer is False:
        return False
    return options.defer_policy is not None or opened.workspace.deferral.target.operations


def _called(
    opened: OpenedProject, loaded: Loaded, macro: Macro, call: OperationCall, door: Door
) -> _Called:
    if not is_operation_deferred(opened):
        plan = Plan(
            command="run-operation",
            steps=(Step(unique_id=macro.unique_id, action="operation"),),
            selected=(),
        )
        return _Called(plan=plan, call=call, denials=denials_of(opened, loaded.graph, State()))
    # Deferral is loaded for who asks for it.
    from upriver.project.operations.reading import Noting, read_operation

    found = read_operation(opened, loaded, macro, door)
    announce(opened, found.plan, found.reading.graph)
    call = msgspec.structs.replace(
        call, decisions=found.decisions, on_read=Noting(opened, found).read
    )
    return _Called(plan=found.plan, call=call, denials=found.reading.denials)


def _unknown_macro(name: str, opened: OpenedProject) -> Problem:
    from upriver.resources.nearest import nearest_hint

    names = {macro.name for macro in opened.load().graph.macros.values()}
    return Problem(
        code="macro-not-found",
        message=f"No package has a macro `{name}`",
        hint=nearest_hint(name.rpartition(".")[2], names),
    )
