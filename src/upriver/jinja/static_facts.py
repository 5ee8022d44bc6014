"""Reading a node's Facts off its text, without Jinja (JINJA-184, PROJ-147).

Three tiers, each giving exactly what a parse render records, or nothing:

1. one regular expression finds every tag; a template of nothing but `ref`, `source` and `config`
   with written-out arguments, `this` and comments is done in some ten microseconds;
2. `static/` reads the template's grammar and carries it out with `execute` false, as long as
   everything that is recorded is certain;
3. None: the caller renders (`jinja/capture.py`), which also reports what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from upriver.jinja.blocks import STRING
from upriver.jinja.static.reading import read_facts
from upriver.jinja.static.record import Asks
from upriver.jinja.static.syntax import read_template
from upriver.jinja.static.tokens import Unreadable
from upriver.jinja.world import Found, World
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.macro import Macro

_NAME = r"""(['"])([^'"\\]*)"""
_TAG = re.compile(
    rf"""\{{(?:
      \{{[-+]?\s*+(?:
          ref\s*+\(\s*+{_NAME}\1\s*+(?:,\s*+{_NAME}\3\s*+)?\)
        | source\s*+\(\s*+{_NAME}\5\s*+,\s*+{_NAME}\7\s*+\)
        | config\s*+\(((?>(?:[^'"()]++|{STRING})*))\)
        | (this)(?>(?:\.(?:database|schema|identifier|name|table))?)
      )\s*+-?\}}\}}
    | (\#).*?\#\}}
    | ([{{%#])
    )""",
    re.VERBOSE | re.DOTALL,
)
_REF, _REF_SECOND, _SOURCE, _TABLE, _CONFIG, _THIS, _COMMENT, _OTHER = 2, 4, 6, 8, 9, 10, 11, 12

_KEYWORD = re.compile(
    r"""\s*+([A-Za-z_]\w*)\s*+=\s*+(?:
          '([^'\\]*)' | "([^"\\]*)"
        | (true|True|false|False|none|None)\b
        | (-?(?:0|[1-9]\d*+)(?![.\w]))
        | (\[ (?>(?:\s*+(?:'[^'\\]*'|"[^"\\]*")\s*+(?:,|(?=\])))*) \s*+\])
        )\s*+(?:,|\Z)\s*+""",
    re.VERBOSE,
)
_LITERAL = rf"{STRING}|[\[\]{{:,\s]|\}}(?!\}})|\b(?:True|False)\b"
_EXTRACTABLE = re.compile(
    rf"""(?>(?:[^{{]++|\{{(?![{{%#])|\{{\#.*?\#\}}|\{{\{{\s*+(?:
          (?:ref|source)\s*+\(\s*+(?:{STRING})\s*+(?:,\s*+(?:{STRING})\s*+)?,?\s*+\)
        | config\s*+\((?>(?:\w+\s*+=|{_LITERAL})*)\)
        | (?>(?:{_LITERAL}|\d)*)
      )\s*+\}}\}})*)\Z""",
    re.VERBOSE | re.DOTALL,
)
_ITEM = re.compile(r"""'([^'\\]*)'|"([^"\\]*)\"""")
_WORDS = {
    "true": True, "True": True, "false": False, "False": False, "none": None, "None": None,
}  # fmt: skip

_EMPTY = Facts()


class WorldAsks:
    """The reader's questions, asked of a world for a node of one package."""

    def __init__(self, world: World, package: str) -> None:
        self._world = world
        self._package = package

    def macro(self, name: str) -> Macro | None:
        """Return the macro that a call to `name` or `package.name` reaches."""
        namespace, dot, rest = name.partition(".")
        if dot:
            return self._world.find_macro_in(namespace, rest)
        return self._world.find_macro(name, self._package)

    def is_inert(self, name: str) -> bool:
        """Tell whether calling that macro can record nothing."""
        # What judges macros loads Jinja, which most parses do without.
        from upriver.jinja.inert import is_inert

        return is_inert(self._world, name, self._package)

    def var(self, name: str) -> Found:
        """Look a var up."""
        return self._world.var(name, self._package)

    def env_var(self, name: str) -> str | None:
        """Look an environment variable up."""
        return self._world.env_var(name)

    def target(self) -> Mapping[str, Any]:
        """Return the target object."""
        return self._world.target()


def static_facts(text: str, asks: Asks) -> Facts | None:
    """Return what a parse render would record, or None when that cannot be read off the text."""
    if "{" not in text:
        return _EMPTY
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    facts = _plain_facts(text, asks)
    if facts is not None:
        return facts
    try:
        return read_facts(read_template(text), asks)
    except (Unreadable, RecursionError):
        return None


def unrendered_config(text: str) -> dict[str, str]:
    """Return the keywords of the first `config(..)` call, unrendered (PROJ-77).

    dbt writes them down as Jinja shows its own syntax tree, and compares these texts, so that is
    what stands in a manifest under `state_modified_compare_more_unrendered_values`.
    """
    if "config" not in text:
        return {}
    for match in _TAG.finditer(text):
        if match.lastindex == _OTHER:
            break
        if match.lastindex == _CONFIG:
            config = _literal_keywords(match[_CONFIG])
            if config is None:
                break
            return {key: f"Keyword(key={key!r}, value={_shown(config[key])})" for key in config}
    # Jinja is loaded only where the call is not written out.
    from upriver.jinja.environment import first_call_keywords

    return first_call_keywords(text, "config")


def is_extractable(text: str) -> bool:
    """Tell whether dbt takes what a model asks for from its text, without rendering it: it then
    never sees the `config(..)` call unrendered (PROJ-77).
    """
    return _EXTRACTABLE.match(text) is not None


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"List(items=[{', '.join(map(_shown, value))}])"
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        return f"Neg(node=Const(value={-value}))"
    return f"Const(value={value!r})"


def _plain_facts(text: str, asks: Asks) -> Facts | None:
    """Read a template of plain calls; None for any other."""
    refs: list[RefCall] = []
    sources: list[SourceCall] = []
    configs: list[dict[str, Any]] = []
    is_this_used = False
    for match in _TAG.finditer(text):
        kind = match.lastindex
        if kind == _REF:
            refs.append(RefCall(name=match[_REF]))
        elif kind == _REF_SECOND:
            refs.append(RefCall(name=match[_REF_SECOND], package=match[_REF]))
        elif kind == _TABLE:
            sources.append(SourceCall(source=match[_SOURCE], table=match[_TABLE]))
        elif kind == _CONFIG:
            config = _literal_keywords(match[_CONFIG])
            if not config:
                return None
            configs.append(config)
        elif kind == _THIS:
            is_this_used = True
        elif kind == _OTHER:
            return None
    # A macro of one of these names replaces dbt's own (JINJA-135).
    if (
        (refs and asks.macro("ref") is not None)
        or (sources and asks.macro("source") is not None)
        or (configs and asks.macro("config") is not None)
        or (is_this_used and asks.macro("this") is not None)
    ):
        return None
    return Facts(refs=tuple(refs), sources=tuple(sources), configs=tuple(configs))


def _literal_keywords(text: str) -> dict[str, Any] | None:
    """Read `a='x', b=true, c=['y']`; None when anything else stands there."""
    found: dict[str, Any] = {}
    position, end = 0, len(text)
    while position < end:
        match = _KEYWORD.match(text, position)
        if match is None:
            return None
        name, single, double, word, number, items = match.groups()
        if name in found:
            return None
        if single is not None:
            found[name] = single
        elif double is not None:
            found[name] = double
        elif word is not None:
            found[name] = _WORDS[word]
        elif number is not None:
            found[name] = int(number)
        else:
            found[name] = [one or other for one, other in _ITEM.findall(items)]
        position = match.end()
    return found
