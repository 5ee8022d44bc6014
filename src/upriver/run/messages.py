"""What a failed step says: dbt's sentences, and the same as a `Problem`.

Tools and people search logs for these texts, so their shape is dbt's: a first line that names the
kind of error and the resource, then the cause, indented by two.
"""

from __future__ import annotations

from upriver.adapters.contract import Adapter, ModelCodeError
from upriver.jinja.errors import CompilationError, MacroReturn
from upriver.jinja.world import Warehouse
from upriver.plan.plan import Decision, Step
from upriver.problems import Problem, Span, UpriverError, WarehouseError
from upriver.resources.calls import RefCall
from upriver.resources.macro import Macro
from upriver.resources.nodes import Node, Resource, kind_of

_RUNTIME_ERROR_ADAPTERS = frozenset({"duckdb"})
"""Adapters whose dbt counterpart reports a refused statement as a runtime error."""

_DEFERRAL_OFF = "deferral-off"
_MOST_NAMED = 3


class StepError(UpriverError):
    """A step could not be carried out; `kind` is dbt's word for the class of error."""

    def __init__(self, kind: str, problem: Problem) -> None:
        super().__init__(problem.message)
        self.kind = kind
        self.problem = problem


class HookError(UpriverError):
    """A hook's statement was refused; its message is complete."""


def describe_failure(
    error: BaseException, resource: Resource | Macro | None, adapter: Adapter
) -> tuple[str, Problem]:
    """Return the message of a failed step and its structured form."""
    if isinstance(error, HookError):
        return str(error), Problem(code="hook-failed", message=str(error), span=_span(resource))
    kind, problem = _classify(error, resource, adapter)
    return _dress(kind, problem, resource), problem


def _classify(
    error: BaseException, resource: Resource | Macro | None, adapter: Adapter
) -> tuple[str, Problem]:
    unique_id = None if resource is None else resource.unique_id
    match error:
        case CompilationError():
            problem = Problem(
                code=error.code,
                message=error.message,
                span=error.span or _span(resource),
                hint=error.hint,
                related=error.related,
                unique_id=unique_id,
            )
            return "Compilation Error", problem
        case StepError():
            return error.kind, error.problem
        case ModelCodeError():
            problem = Problem(
                code="python-model-failed",
                message=f"Python model failed: {error}",
                span=_code_span(resource, error.line),
                unique_id=unique_id,
            )
            return "Runtime Error", problem
        case WarehouseError():
            is_runtime = adapter.dialect.type in _RUNTIME_ERROR_ADAPTERS
            problem = Problem(
                code="warehouse-error",
                message=str(error).strip(),
                span=_span(resource),
                unique_id=unique_id,
            )
            return "Runtime Error" if is_runtime else "Database Error", problem
        case MacroReturn():
            return "Compilation Error", Problem(
                code="return-outside-macro",
                message="`return` was called outside of a macro",
                span=_span(resource),
                unique_id=unique_id,
            )
        case _:
            text = f"{type(error).__name__}: {error}"
            return "Runtime Error", Problem(
                code="step-crashed", message=text, span=_span(resource), unique_id=unique_id
            )


def _dress(kind: str, problem: Problem, resource: Resource | Macro | None) -> str:
    # Of an operation dbt names the macro only where a template is at fault.
    is_named = not isinstance(resource, Macro) or kind == "Compilation Error"
    head = kind if resource is None or not is_named else f"{kind} in {label(resource)}"
    body = problem.message
    span = problem.span
    is_placed = kind == "Compilation Error" or problem.code == "python-model-failed"
    if is_placed and span is not None and span.line is not None:
        body = f"{body}\n  at {span.file}:{span.line}"
        for caller in problem.related:
            body = f"{body}\n  called from {caller.file}:{caller.line}"
    if problem.hint:
        body = f"{body}\n  {problem.hint}"
    indented = "\n".join(f"  {line}" for line in body.splitlines())
    return f"{head}\n{indented}"


def label(resource: Resource | Macro) -> str:
    """Name a resource as messages do: `model orders (models/orders.sql)`."""
    kind = kind_of(resource.unique_id)
    return f"{kind} {resource.name} ({resource.original_file_path})"


def _span(resource: Resource | Macro | None) -> Span | None:
    if resource is None:
        return None
    return Span(file=resource.original_file_path.removeprefix("./"))


def _code_span(resource: Resource | Macro | None, line: int | None) -> Span | None:
    """Return the place of a line of a node's code, which may begin below the file's first."""
    if not isinstance(resource, Node) or line is None:
        return _span(resource)
    file = resource.original_file_path.removeprefix("./")
    return Span(file=file, line=resource.line + line - 1)


def undeclared_ref(call: RefCall, reader: str, *, is_function: bool = False) -> CompilationError:
    """A ref that was not seen while parsing (PROJ-268)."""
    written = _written(call)
    if is_function:
        written = written.replace("ref(", "function(", 1)
    return CompilationError(
        f"`{written}` was not seen while parsing, so nothing says that `{reader}` reads it;"
        " a ref inside `{% if execute %}` is one that parsing does not reach",
        code="ref-not-declared",
        hint=f"Add this line at the top of the file: -- depends_on: {{{{ {written} }}}}",
    )


def _written(call: RefCall) -> str:
    arguments = [f"'{part}'" for part in (call.package, call.name) if part is not None]
    if call.version is not None:
        arguments.append(f"v={call.version!r}")
    return f"ref({', '.join(arguments)})"


def unbuilt_hint(step: Step, refusal: str, warehouse: Warehouse) -> str | None:
    """Name what a refused statement reads and the target lacks, with both remedies.

    None where the warehouse's own words name nothing of that: then something else is wrong.

    With deferral this is told before the run; without it nobody looks, as listing every schema
    that a run reads would cost those who have built everything.
    """
    lacking = [given for given in step.inputs if _is_lacking(given, refusal, warehouse)]
    if not lacking:
        return None
    names = [given.target.split(".", 2)[2] for given in lacking]
    named = ", ".join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    if more > 0:
        named = f"{named} and {more} more"
    verb = "is" if len(names) == 1 else "are"
    return (
        f"{named} {verb} not built in this target: build what is read as well"
        f" (`--select +{_reader(step)}`), or read production's"
        " (`--defer --state ...`, or `upriver login`)"
    )


def _reader(step: Step) -> str:
    return step.unique_id.split(".")[2]


def _is_lacking(given: Decision, refusal: str, warehouse: Warehouse) -> bool:
    if given.reason != _DEFERRAL_OFF or given.relation is None:
        return False
    if (given.relation.identifier or "") not in refusal:
        return False
    try:
        return warehouse.relation(given.relation) is None
    except WarehouseError:
        # The failure is told anyhow; this would only have explained it.
        return False
