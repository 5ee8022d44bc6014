"""What goes wrong in a template, and where.

Templates raise three kinds of exception: Jinja's own (syntax, undefined names), Python's (a
`TypeError` inside an expression) and dbt's (`exceptions.raise_compiler_error`). `located` turns
any of them into one `CompilationError` that knows its file and line. The place is read off the
traceback: every frame of a template's code has the template in its globals, and our templates know
where their text came from (`jinja/environment.py: LocatedTemplate`), so an error inside a macro
points into the macro's own file and the calling template is kept as a related place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from upriver.problems import Problem, Span, UpriverError
from upriver.resources.nearest import nearest_hint

if TYPE_CHECKING:
    from types import FrameType


MACRO_PREFIX = "upriver_macro__"
"""Put before the name of every macro block, so that calls go to the context (PROJ-144)."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a template's text came from."""

    file: str
    """Path relative to the project root; for macros the macro's file."""
    line: int | None = 1
    """Line of the file at which the text begins; None where it stands in YAML."""
    unique_id: str | None = None
    name: str = ""
    """What to call it in a message: a model's or macro's name."""


class MacroReturn(BaseException):
    """Control flow: `{{ return(value) }}` (JINJA-7). Caught by whoever called the macro.

    Not an `Exception`, so that no handler of errors takes it for one.
    """

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class CompilationError(UpriverError):
    """A template could not be compiled or rendered; `node` is the subject it was raised for."""

    def __init__(
        self,
        message: str,
        node: Any = None,
        *,
        code: str = "compilation-error",
        span: Span | None = None,
        hint: str | None = None,
        related: tuple[Span, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.code = code
        self.span = span
        self.hint = hint
        self.related = related


def located(
    error: BaseException, origin: Origin, names: Iterable[str] = (), *, caller: Span | None = None
) -> CompilationError:
    """Return the error with its place; `names` are the names known, for the nearest spelling.

    An error that already has a place is returned as it is. `origin` is used for syntax errors and
    where no template frame is on the traceback; `caller` stands for a frame outside all of those.
    """
    if isinstance(error, CompilationError) and error.span is not None:
        return error
    places = _places(error)
    if caller is not None and caller not in places[:1]:
        places.insert(0, caller)
    if not places:
        line = getattr(error, "lineno", None)
        places = [span_at(origin, line if isinstance(line, int) else None)]
    innermost, related = places[-1], tuple(reversed(places[:-1]))
    if isinstance(error, CompilationError):
        error.span, error.related = innermost, related
        return error
    code, message, hint = _explain(error, names)
    made = CompilationError(message, code=code, span=innermost, hint=hint, related=related)
    made.__cause__ = error
    return made


def problem_of(error: CompilationError, *, unique_id: str | None = None) -> Problem:
    """Return the problem to report for an error that `located` has placed."""
    return Problem(
        code=error.code,
        message=error.message,
        span=error.span,
        hint=error.hint,
        related=error.related,
        unique_id=unique_id,
    )


def _explain(error: BaseException, names: Iterable[str]) -> tuple[str, str, str | None]:
    # Jinja is loaded already when one of its errors arrives.
    from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

    if isinstance(error, TemplateSyntaxError):
        return _syntax(error)
    if isinstance(error, MacroReturn):
        return "return-outside-macro", "`return` is called outside a macro", None
    text = str(error).replace(MACRO_PREFIX, "") or type(error).__name__
    if isinstance(error, UndefinedError):
        return "jinja-undefined", text, _undefined_hint(text, names)
    if isinstance(error, SecurityError):
        return "jinja-forbidden", text, None
    if isinstance(error, RecursionError):
        return "compilation-error", "Macros call each other without end", None
    if isinstance(error, TypeError | ValueError | ArithmeticError | LookupError):
        return "jinja-error", f"{type(error).__name__} in an expression: {text}", None
    return "compilation-error", text, None


def _syntax(error: Any) -> tuple[str, str, str | None]:
    message = str(error.message or "Broken Jinja").rstrip(".")
    if message.startswith("Encountered unknown tag"):
        tag = message.split("'")[1] if message.count("'") > 1 else ""
        known = ("if", "elif", "else", "endif", "for", "endfor", "set", "endset", "call",
                 "endcall", "do", "macro", "endmacro", "raw", "endraw", "filter", "endfilter",
                 "break", "continue", "snapshot", "endsnapshot", "docs", "enddocs", "test",
                 "endtest", "materialization", "endmaterialization")  # fmt: skip
        return "jinja-unknown-tag", message, nearest_hint(tag, known)
    return "jinja-syntax", message, None


def _undefined_hint(text: str, names: Iterable[str]) -> str | None:
    """Suggest the nearest known name for "'x' is undefined"."""
    if not text.startswith("'") or not text.endswith("is undefined"):
        return None
    return nearest_hint(text.split("'")[1], names)


def _places(error: BaseException) -> list[Span]:
    """Places of the templates on the traceback, outermost first."""
    places: list[Span] = []
    step = error.__traceback__
    while step is not None:
        span = _frame_span(step.tb_frame, step.tb_lineno)
        if span is not None and (not places or places[-1] != span):
            places.append(span)
        step = step.tb_next
    return places


def _frame_span(frame: FrameType, line: int) -> Span | None:
    template = frame.f_globals.get("__jinja_template__")
    if template is None:
        return None
    return span_at(template.origin, template.get_corresponding_lineno(line))


def span_at(origin: Origin, line: int | None) -> Span:
    """Return the place of a line of a template's text."""
    if line is None or origin.line is None:
        return Span(file=origin.file)
    return Span(file=origin.file, line=origin.line + line - 1)
