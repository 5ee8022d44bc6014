"""What a template asks of the outside, read off its text.

A parse notes what was asked while `execute` was false. A build may ask more, and a manifest written
by another tool notes nothing. So questions are read off the tags: every mention counts, whether or
not it is reached. A question whose argument is not written out asks for everything of its kind.

    var:<name>  vars      a variable; all variables
    env:<name>            an environment variable
    target:<field> target a field of the target; the whole of it
    this:<part>           a part of the node's own name
    meta                  the node's `meta`

What has no lasting answer (the warehouse, the graph, the clock) is `volatile`: it counts by its
text only, and whoever relies on a fingerprint is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from upriver.digest import digest_text
from upriver.jinja.blocks import STRING
from upriver.state.fingerprint.text import cut
from upriver.state.fingerprint.words import ALL_VARIABLES, META, WHOLE_TARGET, Text

_MAY_ASK = re.compile(
    r"\b(?:var|env_var|target|this|model|meta|run_query|statement|load_result|graph|modules|"
    r"run_started_at|invocation_id|invocation_args_dict|dbt_metadata_envs|selected_resources|"
    r"context|flags|adapter|builtins)\b"
)
_STRING = r"""(?:'([^'\\]*)'|"([^"\\]*)")"""
_CALL = re.compile(
    rf"(?<![\w.])(?:builtins\.)?(var|env_var)\b(?:\s*(?:\.\s*has_var\s*)?\(\s*{_STRING})?"
)
_TARGET = re.compile(
    rf"(?<![\w.])target\b(?:\s*\.\s*get\s*\(\s*{_STRING}|\s*\.\s*(\w+)|\s*\[\s*{_STRING}\s*\])?(?!\s*=(?!=))"
)
_OWN_NAME = re.compile(
    r"(?<![\w.])(?:this|model)\s*\.\s*(database|schema|identifier|name|table|alias|relation_name)\b"
)
_META = re.compile(r"\bmeta(?:_get|_require)?\b")
_VOLATILE = re.compile(
    r"(?<![\w.])(run_query|statement|load_result|graph|modules|run_started_at|invocation_id|"
    r"invocation_args_dict|dbt_metadata_envs|selected_resources|context|flags)\b"
)
_ADAPTER = re.compile(
    r"(?<![\w.])adapter\s*\.\s*(?!dispatch\b|quote\b|quote_as_configured\b|type\b|convert_type\b)"
    r"(\w+)"
)
_CLOCK_WORDS = (
    "current_timestamp", "current_date", "current_time", "localtimestamp", "getdate", "sysdate",
    "systimestamp", "now", "today", "random", "rand", "uuid", "newid", "nextval",
)  # fmt: skip
_CLOCK = re.compile(r"\b\w*?(" + "|".join(_CLOCK_WORDS) + r")(\w*)\b(\s*\()?")
_NEEDS_NO_CALL = re.compile(r"current_\w+|localtimestamp|sysdate|systimestamp")
_STRINGS = re.compile(STRING, re.DOTALL)
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?")
_NO_MACROS = frozenset(
    {
        "ref", "source", "config", "var", "env_var", "this", "target", "if", "else", "elif", "endif",
        "for", "endfor", "in", "not", "and", "or", "is", "set", "endset", "do", "none", "None",
        "true", "True", "false", "False", "materialized", "tags", "alias", "schema", "database",
        "unique_key", "incremental_strategy", "on_schema_change", "enabled", "loop", "range",
        "execute",
    }
)  # fmt: skip


def read_text(text: str) -> Text:
    """Return a text's digest with everything it asks."""
    plain, code = cut(text)
    volatile = _clock_words(plain)
    if not code:
        return Text(digest_text(plain), (), (), volatile)
    asks: tuple[str, ...] = ()
    if _MAY_ASK.search(code):
        asks = _questions(code)
        volatile = tuple(dict.fromkeys((*volatile, *_volatile(code))))
    return Text(digest_text(plain), _names(code), asks, volatile)


def _names(code: str) -> tuple[str, ...]:
    words = _NAME.findall(_STRINGS.sub("", code))
    return tuple(word for word in dict.fromkeys(words) if word not in _NO_MACROS)


def read_python(code: str) -> Text:
    """Return the same of a Python model: comments and layout do not count."""
    # Python models are rare, and the parser is not loaded otherwise.
    import ast

    try:
        plain = ast.unparse(ast.parse(code))
    except (SyntaxError, ValueError):
        plain = code
    return Text(digest_text(plain), (), (), ("python",) if _reads_clock(plain) else ())


def _reads_clock(code: str) -> bool:
    return bool(re.search(r"\b(now|today|random|uuid\d?|time)\b", code))


def _questions(code: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in _CALL.finditer(code):
        name = match[2] or match[3]
        if name:
            found[f"{'env' if match[1] == 'env_var' else 'var'}:{name}"] = None
        elif match[1] == "var":
            found[ALL_VARIABLES] = None
    for match in _TARGET.finditer(code):
        field = next((part for part in match.groups() if part), None)
        # The type is the same wherever fingerprints are compared.
        if field != "type":
            found[f"target:{field}" if field else WHOLE_TARGET] = None
    for match in _OWN_NAME.finditer(code):
        found[f"this:{match[1]}"] = None
    if _META.search(code):
        found[META] = None
    return tuple(found)


def _volatile(code: str) -> Iterable[str]:
    names = [match[1] for match in _VOLATILE.finditer(code)]
    if any(m[1] == "env_var" and not (m[2] or m[3]) for m in _CALL.finditer(code)):
        names.append("env_var")
    names += [f"adapter.{match[1]}" for match in _ADAPTER.finditer(code)]
    return names


def _clock_words(plain: str) -> tuple[str, ...]:
    """Return the functions of a text that ask the clock, or for something random."""
    lower = plain.lower()
    if not any(word in lower for word in _CLOCK_WORDS):
        return ()
    found: dict[str, None] = {}
    for match in _CLOCK.finditer(lower):
        word = match[0].rstrip("( ")
        is_call = match[3] is not None
        is_uuid = "uuid" in word
        if (is_call and (is_uuid or word in _CLOCK_WORDS)) or _NEEDS_NO_CALL.fullmatch(word):
            found[word] = None
    return tuple(found)
