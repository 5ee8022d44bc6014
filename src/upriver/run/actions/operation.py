"""Call one macro, for `run-operation` (CLI-77)."""

from __future__ import annotations

from upriver.jinja.context import call_macro
from upriver.problems import Problem
from upriver.run.compile import any_reference
from upriver.run.messages import StepError
from upriver.run.subjects import operation_subject
from upriver.run.task import Done, Task


def run_operation(task: Task) -> Done:
    """Call the macro; what it does not commit itself is rolled back by the worker."""
    call = task.setting.operation
    if call is None:
        raise StepError("Runtime Error", Problem(
            code="operation-not-found", message="No macro was named"
        ))  # fmt: skip
    macro = task.setting.macros.find_operation(call.macro)
    if macro is None:
        raise StepError("Compilation Error", Problem(
            code="operation-not-found", message=f"There is no macro `{call.macro}` in any package"
        ))  # fmt: skip
    with task.timed("execute"):
        resolver = any_reference(task.world, tuple(call.decisions.values()), call.on_read)
        subject = operation_subject(macro.package, macro.unique_id, resolver)
        call_macro(macro, task.world, subject, (), dict(call.arguments))
    return Done(failures=0)
