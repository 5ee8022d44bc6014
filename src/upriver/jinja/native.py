"""Rendering the strings of property and project YAML to Python values (JINJA-10, JINJA-14).

A string of one expression gives that expression's value, unchanged: the string `'5'` stays a
string. Filters ask for more: `as_number` and `as_bool` must convert, `as_native`
converts where it can, `as_text` forces text. Anything else is joined as text, constants included:
`{{ 5 }}` is `'5'`, since Jinja writes constants out while it compiles. Most strings have no Jinja
at all and never reach it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from upriver.jinja.errors import CompilationError, Origin, located, span_at

_NOWHERE = Origin(file="")
_CALL = re.compile(
    r"""\{\{\s*(env_var|var)\(\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*"""
    r"""(?:,\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*)?\)\s*\}\}"""
)
"""A string that is one look-up with written-out arguments: what most profiles hold. Reading it
here spares them the 25 ms that loading Jinja takes."""
_TEXT = r"""(?:'([^'\\\n]*)'|"([^"\\\n]*)")"""
_READS = re.compile(
    rf"""\{{\{{\s*(?:([A-Za-z]\w*)\(\s*)?(ref|source)\(\s*{_TEXT}\s*"""
    rf"""(?:,\s*{_TEXT}\s*)?(?:,\s*(version|v)\s*=\s*{_TEXT}\s*)?\)\s*(\))?\s*\}}\}}"""
)
"""A string that is one reference, or a macro of one reference: what the arguments of tests hold, a
text of its own for each model. Compiling it would cost more than all else a test costs."""


def has_jinja(text: str) -> bool:
    """Tell whether the text needs rendering at all."""
    return "{{" in text or "{%" in text or "{#" in text


def changes(text: str) -> bool:
    """Tell whether rendering changes the text: Jinja takes a newline off the end of any."""
    return has_jinja(text) or text.endswith(("\n", "\r"))


def render_native(
    text: str,
    context: Mapping[str, Any],
    *,
    origin: Origin = _NOWHERE,
    remember: Callable[[str, Callable[[], Any]], Any] | None = None,
) -> Any:
    """Render a YAML string; a text without Jinja loses no more than its last newline.

    `remember` is `World.remember`, where there is a world. Raises a located CompilationError.
    """
    if not has_jinja(text):
        return _as_jinja_reads(text)
    call = _CALL.fullmatch(text)
    if call is not None and call[1] in context:
        return _called(call, text, context, origin)
    reads = _READS.fullmatch(text)
    function = None if reads is None else _macro_or_reference(reads, context)
    if reads is not None and function is not None:
        return _read(reads, function, text, context, origin)
    # Jinja is loaded only when a string of YAML needs it.
    from upriver.jinja.environment import native_values

    try:
        values = native_values(text, context, remember or _make, origin=origin)
    except CompilationError as error:
        raise _named(located(error, origin), text) from None
    except Exception as error:
        raise _named(located(error, origin, context), text) from error
    if len(values) != 1:
        return "".join(str(value) for value in values)
    try:
        return _converted(values[0])
    except CompilationError as error:
        error.span = span_at(origin, 1)
        raise _named(error, text) from None


def _converted(value: Any) -> Any:
    """Return the value of a whole string; text that is marked deeper in it is plain text."""
    from upriver.jinja.environment import Marked  # loaded already

    def plain(value: Any) -> Any:
        if isinstance(value, Marked):
            return str(value)
        if isinstance(value, list | tuple):
            return type(value)(plain(one) for one in value)
        if type(value) is dict:
            return {plain(key): plain(one) for key, one in value.items()}
        return value

    return value.value() if isinstance(value, Marked) else plain(value)


def _called(call: re.Match[str], text: str, context: Mapping[str, Any], origin: Origin) -> Any:
    name = call[2] if call[2] is not None else call[3]
    default = call[4] if call[4] is not None else call[5]
    try:
        function = context[call[1]]
        return function(name) if default is None else function(name, default)
    except CompilationError as error:
        raise _named(located(error, origin), text) from None


def _macro_or_reference(reads: re.Match[str], context: Mapping[str, Any]) -> Any:
    """Return what is called last, if it is certain that Jinja would call just that."""
    # Where references can be answered, Jinja is loaded.
    from upriver.jinja.macros import BoundMacro

    macro, is_closed = reads[1], reads[10] is not None
    if (macro is not None) is not is_closed or reads[2] not in context:
        return None
    if macro is None:
        return context[reads[2]]
    found = context.get(macro)
    return found if type(found) is BoundMacro else None


def _read(
    reads: re.Match[str], function: Any, text: str, context: Mapping[str, Any], origin: Origin
) -> Any:
    args = [one if one is not None else other for one, other in _pairs(reads)]
    keywords = {} if reads[7] is None else {reads[7]: args.pop()}
    try:
        if reads[1] is None:
            return _converted(function(*args, **keywords))
        value = function(context[reads[2]](*args, **keywords))
        return "" if _is_undefined(value) else _converted(value)
    except Exception as error:
        caller = span_at(origin, 1)
        raise _named(located(error, origin, context, caller=caller), text) from error


def _is_undefined(value: Any) -> bool:
    from jinja2 import Undefined  # loaded already

    return isinstance(value, Undefined)


def _pairs(reads: re.Match[str]) -> list[tuple[str | None, str | None]]:
    pairs = ((reads[3], reads[4]), (reads[5], reads[6]), (reads[8], reads[9]))
    return [pair for pair in pairs if pair != (None, None)]


def _as_jinja_reads(text: str) -> str:
    """Do what Jinja does to any text: newlines become one kind, and the last one goes."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n")


def _make(_key: str, make: Callable[[], Any]) -> Any:
    return make()


def _named(error: CompilationError, text: str) -> CompilationError:
    """Say which string could not be rendered: several may stand on the place's line."""
    return CompilationError(
        f"Could not render `{text}`: {error.message}",
        error.node,
        code=error.code,
        span=error.span,
        hint=error.hint,
        related=error.related,
    )
