"""Rendering the commonest templates without Jinja: plain text with calls that are written out.

Compiling a template costs half a millisecond, more than everything else a small model costs. A
template of references, `config(...)` calls, `this`, comments, calls of macros and of `var` with
nothing but constants, and `if` with nothing but such a call, needs none of it: the answers are put
in where the calls stand. Whatever else appears, the caller renders.
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
_FLAT = rf"[^'\"(){{}}]++|{STRING}"
_DEEP = rf"{_FLAT}|\{{(?>(?:{_FLAT})*)\}}"
_CALLED = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?"
_GIVEN = rf"(?>(?:[^'\"(){{}}\n]++|{STRING})*)"
_PIECE = re.compile(
    rf"""\{{\{{\s*+(?:
          (?P<ref>ref)\s*+\(\s*+{_NAME}\2\s*+(?:,\s*+{_NAME}\4\s*+)?\)
        | (?P<source>source)\s*+\(\s*+{_NAME}\7\s*+,\s*+{_NAME}\9\s*+\)
        | (?P<config>config)\s*+\((?>(?:{_FLAT}|\{{(?>(?:{_DEEP})*)\}})*)\)
        | (?P<this>this)
        | (?P<call>{_CALLED})\((?P<given>{_GIVEN})\)
      )\s*+\}}\}}
    | \{{%(?P<trim>-?)\s*+(?:
          if\s+(?P<not>not\s+)?(?P<if>{_CALLED})\((?P<when>{_GIVEN})\)
        | (?P<endif>endif)
      )\s*+(?P<trim_after>-?)%\}}
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
_KINDS = (*_NAMES, "call", "comment", "if", "endif")

Call = tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]
Piece = tuple[str, re.Match[str], Call | None]


def render_plain(text: str, context: Context, origin: Origin) -> str | None:
    """Return the rendered text, or None if it takes a template engine.

    Raises what the subject's resolver raises for a reference that has no answer, and what a macro
    raises, with its place.
    """
    subject = context.subject
    if "{" not in text or "\r" in text or subject.overrides.macros:
        return None
    # Everything is looked at before anything is called: what is called may have effects.
    found: list[Piece] = []
    for match in _PIECE.finditer(text):
        kind = _kind(match)
        call = _call(kind, match, context) if kind in {"call", "if"} else None
        if kind is None or (kind in {"call", "if"} and call is None):
            return None
        found.append((kind, match, call))
    used = [kind for kind, _, _ in found]
    if not _is_closed(used):
        return None
    # A macro of one of these names replaces dbt's own (JINJA-135).
    if any(name in used and context.world.find_macro(name, subject.package) for name in _NAMES):
        return None
    return _filled_in(text, found, context, origin)


def _is_closed(kinds: list[str]) -> bool:
    """Whether every `if` has its `endif`."""
    depth = 0
    for kind in kinds:
        depth += (kind == "if") - (kind == "endif")
        if depth < 0:
            return False
    return depth == 0


def _filled_in(text: str, found: list[Piece], context: Context, origin: Origin) -> str:
    """Put the answers where the calls stand, as far as they are reached."""
    pieces: list[str] = []
    position, skipped, is_trimmed = 0, 0, False
    for kind, match, call in found:
        data = text[position : match.start()]
        position = match.end()
        if not skipped:
            data = data.lstrip() if is_trimmed else data
            pieces.append(data.rstrip() if match["trim"] else data)
        is_trimmed = bool(match["trim_after"])
        if kind in {"if", "endif"}:
            if skipped:
                skipped += 1 if kind == "if" else -1
            elif call is not None:
                skipped = not _holds(match, call, context, origin)
        elif not skipped and call is not None:
            pieces.append(str(_called(match, call, context, origin)))
        elif not skipped:
            pieces.append(_answer(kind, match, context))
    # Jinja drops the newline that ends the text, not one that ends what was rendered.
    rest = text[position:].removesuffix("\n")
    pieces.append(rest.lstrip() if is_trimmed else rest)
    return "".join(pieces)


def _holds(match: re.Match[str], call: Call, context: Context, origin: Origin) -> bool:
    return bool(_called(match, call, context, origin)) is not bool(match["not"])


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


def _call(kind: str | None, match: re.Match[str], context: Context) -> Call | None:
    """Return what a tag calls, and with what; None where that is not certain."""
    if "\n" in match[0]:
        return None
    written = match["given"] if kind == "call" else match["when"]
    given = _arguments(written) or _spread(written, context)
    if given is None:
        return None
    name, dot, rest = match[kind or "call"].partition(".")
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


def _spread(text: str, context: Context) -> tuple[tuple[Any, ...], Mapping[str, Any]] | None:
    """Read `**name`, which is how the code of a generic test is given its arguments."""
    if not text.startswith("**") or not text[2:].isidentifier():
        return None
    keywords = context.lookup[text[2:]]
    return ((), keywords) if type(keywords) is dict and "caller" not in keywords else None


def _constant(match: re.Match[str]) -> Any:
    if match["word"] is not None:
        return _WORDS[match["word"]]
    if match["number"] is not None:
        return int(match["number"])
    return match["double"] if match["single"] is None else match["single"]


def _called(match: re.Match[str], call: Call, context: Context, origin: Origin) -> Any:
    function, args, keywords = call
    try:
        return function(*args, **keywords)
    except Exception as error:
        if is_foreign(error):
            raise
        caller = span_at(origin, match.string.count("\n", 0, match.end()) + 1)
        raise located(error, origin, context.known_names(), caller=caller) from error
