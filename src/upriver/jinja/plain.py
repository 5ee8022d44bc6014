"""Rendering the commonest templates without Jinja: plain text with calls that are written out.

Compiling a template costs half a millisecond, more than everything else a small model costs. A
template of references, `config(...)` calls, `this`, comments, and calls of macros and of `var`
with nothing but constants needs none of it: the answers are put in where the calls stand. Whatever
else appears, the caller renders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from upriver.jinja.blocks import STRING
from upriver.jinja.errors import Origin, located, span_at
from upriver.jinja.macros import BoundMacro, Namespace
from upriver.jinja.members import Var
from upriver.jinja.scope import Context, is_foreign
from upriver.resources.calls import RefCall, SourceCall

_NAME = r"""(['"])([^'"\\\n]*)"""
_PIECE = re.compile(
    rf"""\{{\{{\s*+(?:
          (?P<ref>ref)\s*+\(\s*+{_NAME}\2\s*+(?:,\s*+{_NAME}\4\s*+)?\)
        | (?P<source>source)\s*+\(\s*+{_NAME}\7\s*+,\s*+{_NAME}\9\s*+\)
        | (?P<config>config)\s*+\((?>(?:[^'"(){{}}]++|{STRING})*)\)
        | (?P<this>this)
        | (?P<call>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)\((?P<given>(?>(?:[^'"(){{}}\n]++|{STRING})*))\)
      )\s*+\}}\}}
    | (?P<comment>\{{\#(?!-)(?>(?:[^#-]|\#(?!\}})|-(?!\#\}}))*)\#\}})
    | (?P<other>\{{[{{%\#])
    """,
    re.VERBOSE | re.DOTALL,
)
_ARGUMENT = re.compile(
    r"""\s*+(?:(?P<key>[A-Za-z]\w*)\s*+=\s*+)?(?:
          '(?P<single>[^'\\]*)' | "(?P<double>[^"\\]*)"
        | (?P<word>true|True|false|False|none|None)\b
        | (?P<number>-?(?:0|[1-9]\d{0,17}+)(?![.\w]))
        )\s*+(?:,|\Z)\s*+""",
    re.VERBOSE,
)
_WORDS = {
    "true": True, "True": True, "false": False, "False": False, "none": None, "None": None,
}  # fmt: skip
_NAMES = ("ref", "source", "config", "this")
_KINDS = (*_NAMES, "call", "comment")

Call = tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]


def render_plain(text: str, context: Context, origin: Origin) -> str | None:
    """Return the rendered text, or None if it takes a template engine.

    Raises what the subject's resolver raises for a reference that has no answer, and what a macro
    raises, with its place.
    """
    subject = context.subject
    if "{" not in text or "\r" in text or subject.overrides.macros:
        return None
    # Everything is looked at before anything is called: what is called may have effects.
    found: list[tuple[str, re.Match[str], Call | None]] = []
    for match in _PIECE.finditer(text):
        kind = _kind(match)
        call = _call(match, context) if kind == "call" else None
        if kind is None or (kind == "call" and call is None):
            return None
        found.append((kind, match, call))
    used = {kind for kind, _, _ in found}
    # A macro of one of these names replaces dbt's own (JINJA-135).
    if any(name in used and context.world.find_macro(name, subject.package) for name in _NAMES):
        return None
    pieces: list[str] = []
    position = 0
    for kind, match, call in found:
        pieces.append(text[position : match.start()])
        position = match.end()
        if call is not None:
            pieces.append(_called(call, context, origin, text.count("\n", 0, position) + 1))
        else:
            pieces.append(_answer(kind, match, context))
    # Jinja drops the newline that ends the text, not one that ends what was rendered.
    pieces.append(text[position:].removesuffix("\n"))
    return "".join(pieces)


def _kind(match: re.Match[str]) -> str | None:
    return next((name for name in _KINDS if match[name] is not None), None)


def _answer(kind: str, match: re.Match[str], context: Context) -> str:
    resolver = context.subject.resolver
    if kind == "ref":
        first, second = match[3], match[5]
        call = RefCall(name=first) if second is None else RefCall(name=second, package=first)
        return str(resolver.ref(call))
    if kind == "source":
        return str(resolver.source(SourceCall(source=match[8], table=match[10])))
    return str(context.subject.this) if kind == "this" else ""


def _call(match: re.Match[str], context: Context) -> Call | None:
    """Return what a tag calls, and with what; None where that is not certain."""
    if "\n" in match[0]:
        return None
    given = _arguments(match["given"])
    if given is None:
        return None
    name, dot, rest = match["call"].partition(".")
    function = context.lookup[name]
    if dot:
        function = function.get(rest) if type(function) is Namespace else None
    if type(function) is BoundMacro or type(function) is Var:
        return function, *given
    return None


def _arguments(text: str) -> tuple[tuple[Any, ...], Mapping[str, Any]] | None:
    """Read `'a', 1, b=true`; None when anything else stands there."""
    args: list[Any] = []
    keywords: dict[str, Any] = {}
    position, end = 0, len(text)
    while position < end:
        match = _ARGUMENT.match(text, position)
        if match is None:
            return None
        position = match.end()
        value = _constant(match)
        key = match["key"]
        if key is None and not keywords:
            args.append(value)
        elif key is None or key in keywords or key == "caller":
            return None
        else:
            keywords[key] = value
    return tuple(args), keywords


def _constant(match: re.Match[str]) -> Any:
    if match["word"] is not None:
        return _WORDS[match["word"]]
    if match["number"] is not None:
        return int(match["number"])
    return match["double"] if match["single"] is None else match["single"]


def _called(call: Call, context: Context, origin: Origin, line: int) -> str:
    function, args, keywords = call
    try:
        return str(function(*args, **keywords))
    except Exception as error:
        if is_foreign(error):
            raise
        caller = span_at(origin, line)
        raise located(error, origin, context.known_names(), caller=caller) from error
