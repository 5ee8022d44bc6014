"""Rendering the commonest templates without Jinja: plain text with `ref`, `source` and `config`.

Compiling a template costs half a millisecond, more than everything else a small model costs. A
template of written-out references, `config(...)` calls, `this` and comments needs none of it: the
answers are put in where the calls stand. Whatever else appears, the caller renders.
"""

from __future__ import annotations

import re

from upriver.jinja.blocks import STRING
from upriver.jinja.subject import Subject
from upriver.jinja.world import World
from upriver.resources.calls import RefCall, SourceCall

_NAME = r"""(['"])([^'"\\\n]*)"""
_PIECE = re.compile(
    rf"""\{{\{{\s*+(?:
          (?P<ref>ref)\s*+\(\s*+{_NAME}\2\s*+(?:,\s*+{_NAME}\4\s*+)?\)
        | (?P<source>source)\s*+\(\s*+{_NAME}\7\s*+,\s*+{_NAME}\9\s*+\)
        | (?P<config>config)\s*+\((?>(?:[^'"(){{}}]++|{STRING})*)\)
        | (?P<this>this)
      )\s*+\}}\}}
    | (?P<comment>\{{\#(?!-)(?>(?:[^#-]|\#(?!\}})|-(?!\#\}}))*)\#\}})
    | (?P<other>\{{[{{%\#])
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMES = ("ref", "source", "config", "this")
_KINDS = (*_NAMES, "comment")


def render_plain(text: str, world: World, subject: Subject) -> str | None:
    """Return the rendered text, or None if it takes a template engine.

    Raises what the subject's resolver raises for a reference that has no answer.
    """
    if "{" not in text:
        return None
    pieces: list[str] = []
    position = 0
    used: set[str] = set()
    for match in _PIECE.finditer(text):
        kind = _kind(match)
        if kind is None or "\r" in text:
            return None
        pieces.append(text[position : match.start()])
        position = match.end()
        used.add(kind)
        if kind == "ref":
            first, second = match[3], match[5]
            call = RefCall(name=first) if second is None else RefCall(name=second, package=first)
            pieces.append(str(subject.resolver.ref(call)))
        elif kind == "source":
            pieces.append(
                str(subject.resolver.source(SourceCall(source=match[8], table=match[10])))
            )
        elif kind == "this":
            pieces.append(str(subject.this))
    # A macro of one of these names replaces dbt's own (JINJA-135).
    if any(name in used and world.find_macro(name, subject.package) for name in _NAMES):
        return None
    if subject.overrides.macros:
        return None
    # Jinja drops the newline that ends the text, not one that ends what was rendered.
    pieces.append(text[position:].removesuffix("\n"))
    return "".join(pieces)


def _kind(match: re.Match[str]) -> str | None:
    return next((name for name in _KINDS if match[name] is not None), None)
