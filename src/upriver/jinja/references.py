"""`ref`, `source`, `metric` and `function` as templates call them (JINJA-38..41).

Arguments are checked here; the subject's resolver gives the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from upriver.jinja.errors import CompilationError
from upriver.jinja.subject import Resolver
from upriver.resources.calls import RefCall, SourceCall

_REF_KEYWORDS = frozenset({"v", "version"})


def ref_function(
    resolver: Resolver, config: Any, warn: Callable[[str], None] | None = None
) -> Callable[..., Any]:
    """Return the name `ref`, with the settings that packages take from it.

    `warn` is told of keywords that dbt passes over in silence.
    """

    def ref(*args: Any, **kwargs: Any) -> Any:
        unknown = kwargs.keys() - _REF_KEYWORDS
        if unknown and warn is not None:
            shown = ", ".join(f"`{name}=`" for name in sorted(unknown))
            warn(f"`ref` takes no {shown}, which has no effect; a version is written `v=`")
        version = kwargs.get("version")
        if version is None:
            version = kwargs.get("v")
        return resolver.ref(_named("ref", args, version))

    ref.config = config  # type: ignore[attr-defined] # dbt's `ref` is an object with attributes
    return ref


def source_function(resolver: Resolver) -> Callable[..., Any]:
    """Return the name `source`."""

    def source(*args: Any) -> Any:
        if len(args) != 2:  # noqa: PLR2004 - source and table
            raise CompilationError(
                f"`source` takes a source and a table; it was given {len(args)} arguments",
                code="source-arguments",
            )
        _check_texts("source", args, code="source-arguments")
        return resolver.source(SourceCall(source=args[0], table=args[1]))

    return source


def metric_function(resolver: Resolver) -> Callable[..., Any]:
    """Return the name `metric`."""
    return lambda *args: resolver.metric(_named("metric", args))


def function_function(resolver: Resolver) -> Callable[..., Any]:
    """Return the name `function`."""
    return lambda *args: resolver.function(_named("function", args))


def _named(function: str, args: tuple[Any, ...], version: Any = None) -> RefCall:
    if not 1 <= len(args) <= 2:  # noqa: PLR2004 - package and name
        raise CompilationError(
            f"`{function}` takes a name, or a package and a name;"
            f" it was given {len(args)} arguments",
            code="ref-arguments",
        )
    _check_texts(function, args, code="ref-arguments")
    if len(args) == 1:
        return RefCall(name=args[0], version=version)
    return RefCall(name=args[1], package=args[0], version=version)


def _check_texts(function: str, args: tuple[Any, ...], *, code: str) -> None:
    for value in args:
        if not isinstance(value, str):
            raise CompilationError(
                f"`{function}` takes names as text; it was given `{value}`, a"
                f" {type(value).__name__}",
                code=code,
                hint="Put the name in quotes",
            )
