"""What a macro's source says it calls, and its arguments, without a Jinja parse.

dbt reads these off the syntax tree (JINJA-143). The tree of several hundred macros costs more
than everything else a start does, and only names in front of an opening parenthesis are needed,
so they are found with regular expressions that know strings, comments and filters.
"""

from __future__ import annotations

import re

from upriver.jinja.blocks import COMMENT, EXPRESSION, INSIDE_TAG, RAW, STRING
from upriver.resources.macro import MacroArgument

_CODE = re.compile(
    rf"{COMMENT}|{RAW}|({EXPRESSION})|\{{%[-+]?+\s*+(?!(?:macro|test|data_test)\b)({INSIDE_TAG})%\}}",
    re.DOTALL,
)
_CALL = re.compile(
    rf"{STRING}|(?:\|\s*|\.\s*|\bis\s+(?:not\s+)?)\w+|([A-Za-z_]\w*(?:\.\w+)*)\s*\(",
    re.DOTALL,
)
_DISPATCH = re.compile(
    r"""adapter\.dispatch\s*\(\s*(?:macro_name\s*=\s*)?(['"])(\w+)\1\s*
        (?:,\s*(?:macro_namespace\s*=\s*)?(?:(['"])(\w+)\3|[\w.()'"\[\]\s]+?)\s*)?,?\s*\)""",
    re.VERBOSE,
)
_OBJECTS = frozenset({
    "adapter", "api", "config", "exceptions", "flags", "graph", "kwargs", "loop", "model",
    "modules", "namespace", "target", "this", "varargs", "validation", "builtins", "context",
})  # fmt: skip
"""Names of dbt's own objects: a call of their methods is never a macro of a package."""

_KEYWORDS = frozenset({"if", "elif", "else", "in", "and", "or", "not", "call", "is", "for", "do"})

_ARGUMENT_PIECE = re.compile(rf"{STRING}|[\[({{]|[\])}}]|,|=(?!=)|:|[^\s,=:'\"\[\](){{}}]+|\s+|.",
                             re.DOTALL)  # fmt: skip


def find_calls(
    macro_sql: str,
) -> tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]]:
    """Return (names called, as written; dispatches with literal arguments) of a block's text."""
    calls: dict[str, None] = {}
    dispatches: dict[tuple[str, str | None], None] = {}
    for expression, tag in _CODE.findall(macro_sql):
        code = expression or tag
        if "(" not in code:
            continue
        for name in _CALL.findall(code):
            if name and name not in _KEYWORDS:
                calls[name] = None
        if "adapter.dispatch" in code:
            for match in _DISPATCH.finditer(code):
                dispatches[match[2], match[4]] = None
    return tuple(name for name in calls if _may_be_macro(name)), tuple(dispatches)


def _may_be_macro(name: str) -> bool:
    first, dot, rest = name.partition(".")
    return not dot or ("." not in rest and first not in _OBJECTS)


def signature_arguments(header: str) -> tuple[MacroArgument, ...]:
    """Return the arguments of a signature such as `(a, b: str = 1)`."""
    inside = header[header.find("(") + 1 : header.rfind(")")].strip()
    if not inside:
        return ()
    return tuple(
        MacroArgument(name=name, type=kind) for name, kind in _split_arguments(inside) if name
    )


def _split_arguments(inside: str) -> list[tuple[str, str | None]]:
    """Return name and type of every argument; defaults are dropped."""
    found: list[tuple[str, str | None]] = []
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    section = depth = 0
    for piece in [*_ARGUMENT_PIECE.findall(inside), ","]:
        if piece in {"[", "(", "{"}:
            depth += 1
        elif piece in {"]", ")", "}"}:
            depth -= 1
        elif depth == 0 and piece == ",":
            kind = "".join(parts[1]).strip()
            found.append(("".join(parts[0]).strip(), kind or None))
            parts, section = ([], [], []), 0
            continue
        elif depth == 0 and piece == ":" and section == 0:
            section = 1
            continue
        elif depth == 0 and piece == "=" and section < 2:  # noqa: PLR2004 - name, type, default
            section = 2
            continue
        parts[section].append(piece)
    return found
