"""Contexts: the names dbt offers to templates, bound to one subject, and what is done with them.

`build_context` costs a few microseconds, since every name is made when it is first used
(`jinja/scope.py`); `jinja/offers.py` lists the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.jinja.environment import macro_origin
from upriver.jinja.errors import CompilationError, Origin, located
from upriver.jinja.offers import OFFERS
from upriver.jinja.scope import Context, is_foreign
from upriver.jinja.subject import Subject
from upriver.jinja.world import World
from upriver.problems import Span
from upriver.resources.macro import Macro

_NONE: Mapping[str, Any] = {}


def build_context(world: World, subject: Subject) -> Context:
    """Make a context; every name is made when first used."""
    return Context(world, subject, OFFERS)


def render(text: str, context: Context, origin: Origin | None = None) -> str:
    """Render text in the context; raises CompilationError with the place."""
    return context.render(text, origin)


def render_node(world: World, subject: Subject, text: str, origin: Origin | None = None) -> str:
    """Render text in a fresh context."""
    return build_context(world, subject).render(text, origin)


def call_macro(
    macro: Macro | str,
    world: World,
    subject: Subject,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] = _NONE,
) -> Any:
    """Call one macro in a fresh context and give back what it returns (JINJA-7, JINJA-8)."""
    return call_in(build_context(world, subject), macro, args, kwargs)


def call_in(
    context: Context,
    macro: Macro | str,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] = _NONE,
) -> Any:
    """Call one macro in an existing context (materializations need what it stored).

    A name is what a template's own call would reach, `package.name` included.
    """
    function = _named(context, macro) if isinstance(macro, str) else context.bind(macro)
    try:
        return function(*args, **kwargs)
    except Exception as error:
        if is_foreign(error):
            raise
        if isinstance(macro, str):
            raise located(error, context.origin(), context.known_names()) from error
        failure = located(error, macro_origin(macro), context.known_names())
        if failure.span == Span(file=macro.original_file_path):
            # Refused before its first line: its parameters are not what it was given.
            failure.span = Span(file=macro.original_file_path, line=macro.line)
        raise failure from error


def _named(context: Context, name: str) -> Any:
    namespace, dot, rest = name.rpartition(".")
    place = context.names.get(namespace, {}) if dot else context.names
    function = place.get(rest)
    if function is None:
        raise CompilationError(f"There is no macro `{name}`", code="macro-not-found")
    return function
