"""What a failed step says: dbt's sentences, and the same as a `Problem`.

Tools and people search logs for these texts, so their shape is dbt's: a first line that names the
kind of error and the resource, then the cause, indented by two.
"""

from __future__ import annotations

from upriver.adapters.contract import Adapter, ModelCodeError
from upriver.jinja.errors import CompilationError, MacroReturn
from upriver.problems import Problem, Span, UpriverError, WarehouseError
from upriver.resources.calls import RefCall
from upriver.resources.macro import Macro
from upriver.resources.nodes import Node, Resource, kind_of

_RUNTIME_ERROR_ADAPTERS = frozenset({"duckdb"})
"""Adapters whose dbt counterpart reports a refused statement as a runtime error."""


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
