"""Names of relations that are written out in SQL instead of being asked for by `ref`.

The text is not parsed, so no dialect is too odd for it and no optional library is needed: it is cut
into words, and what stands where a query names a table (behind FROM, JOIN and their like, and behind
commas in a FROM) with a schema in front counts. Names without a schema are the query's own, or lie at
the target's place.

`fixed_names` reads templates: only what is in the text however the template is rendered. What a tag
gives, and what stands inside blocks that may be left out, is found when it is sent (`names_read`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from upriver.jinja.blocks import COMMENT, EXPRESSION, INSIDE_TAG, RAW
from upriver.resources.relation import RelationName
from upriver.workspace.upriver_file.rules import DenyRule

_UNKNOWN = "\ue000"
"""Stands for what a tag gives."""
_WORD = re.compile(
    rf"""(?P<skip>--[^\n]*+|/\*.*?\*/|'(?:[^']|'')*+')
    | (?P<quoted>"(?:[^"]|"")*+"|`[^`]*+`)
    | (?P<word>[^\W\d][\w$]*+|{_UNKNOWN}+)
    | (?P<mark>[().,;])
    | (?P<number>\d[\w.]*+)""",
    re.VERBOSE | re.DOTALL,
)
_TAG = re.compile(
    rf"(?P<raw>{RAW})|(?P<note>{COMMENT})|(?P<gives>{EXPRESSION})|\{{%[-+]?\s*(?P<tag>\w+){INSIDE_TAG}%\}}",
    re.DOTALL,
)
_OPENING = frozenset({"if", "for", "set", "call", "filter", "macro", "with", "snapshot"})
_READING = frozenset(
    {"from", "join", "using", "table", "pivot", "unpivot", "summarize", "describe", "copy"}
)
_BESIDE = frozenset({"only", "lateral"})
_ENDING = frozenset(
    {
        "select", "where", "group", "order", "having", "qualify", "window", "limit", "offset",
        "fetch", "union", "except", "intersect", "set", "returning", "values", "when",
    }
)  # fmt: skip
_FROM_INSIDE = frozenset({"extract", "substring", "trim", "overlay", "position"})
"""Functions in whose parentheses FROM says something else."""


class WrittenName(msgspec.Struct, frozen=True):
    """A relation named in a text."""

    relation: RelationName
    line: int
    """Counted from 1."""
    text: str


class _Level:
    """What stands inside one pair of parentheses."""

    def __init__(self, *, is_expected: bool, has_from: bool) -> None:
        self.is_expected = is_expected
        """Whether a table is named next."""
        self.is_list = is_expected
        """Whether a comma leads to another one."""
        self.has_from = has_from


def fixed_names(template: str) -> Iterator[WrittenName]:
    """Yield names that a template has in its text whatever it is given."""
    yield from names_read(_fixed(template))


def names_read(sql: str) -> Iterator[WrittenName]:
    """Yield the relations with a schema that a statement reads by name."""
    levels = [_Level(is_expected=False, has_from=True)]
    before = ""
    tokens = [match for match in _WORD.finditer(sql) if match.lastgroup != "skip"]
    at = 0
    while at < len(tokens):
        match, level = tokens[at], levels[-1]
        text = match[0]
        at += 1
        if text == "(":
            levels.append(
                _Level(is_expected=level.is_expected, has_from=before not in _FROM_INSIDE)
            )
            level.is_expected = False
        elif text == ")":
            if len(levels) > 1:
                levels.pop()
        elif text == ",":
            level.is_expected = level.is_list
        elif text == ";":
            level.is_expected = level.is_list = False
        elif match.lastgroup in ("word", "quoted"):
            word = text.lower() if match.lastgroup == "word" else ""
            if word in _READING and not _is_name_part(tokens, at - 1):
                is_read = level.has_from and before != "distinct"
                level.is_expected = is_read
                level.is_list = level.is_list or (is_read and word == "from")
            elif word in _ENDING:
                level.is_expected = level.is_list = False
            elif level.is_expected and word not in _BESIDE:
                level.is_expected = False
                parts, at = _chain(tokens, at - 1)
                name = _name(sql, parts)
                if name is not None:
                    yield name
        before = text.lower()


def _is_name_part(tokens: list[re.Match[str]], at: int) -> bool:
    """Whether a word stands behind or before a dot: `a.table` is a name."""
    return (at > 0 and tokens[at - 1][0] == ".") or (
        at + 1 < len(tokens) and tokens[at + 1][0] == "."
    )


def _chain(tokens: list[re.Match[str]], at: int) -> tuple[list[re.Match[str]], int]:
    """Return the parts of a dotted name that begins here, and where it ends."""
    parts = [tokens[at]]
    at += 1
    while at + 1 < len(tokens) and tokens[at][0] == ".":
        parts.append(tokens[at + 1])
        at += 2
    return parts, at


def _name(sql: str, parts: list[re.Match[str]]) -> WrittenName | None:
    words = [word for part in parts for word in _words(part)]
    if len(words) < 2 or any(_UNKNOWN in word for word in words[-2:]):  # noqa: PLR2004 - schema, table
        return None
    database, schema, identifier = ([None, *words])[-3:]
    if database is not None and _UNKNOWN in database:
        database = None
    return WrittenName(
        relation=RelationName(database=database, schema=schema, identifier=identifier),
        line=sql.count("\n", 0, parts[0].start()) + 1,
        text=".".join(words),
    )


def _words(part: re.Match[str]) -> list[str]:
    text = part[0]
    if part.lastgroup != "quoted":
        return [text]
    inner = text[1:-1].replace(text[0] * 2, text[0])
    # BigQuery writes a whole path between backticks.
    return inner.split(".") if text[0] == "`" else [inner]


def _fixed(template: str) -> str:
    """Blank out tags and what is inside blocks, keeping every line where it is."""
    out: list[str] = []
    depth = position = 0
    for match in _TAG.finditer(template):
        between = template[position : match.start()]
        out.append(_blank(between) if depth else between)
        position = match.end()
        tag = match["tag"]
        if tag is not None and tag.startswith("end"):
            depth = max(0, depth - 1)
        elif tag in _OPENING and not (tag == "set" and "=" in match[0]):
            depth += 1
        is_given = match["gives"] is not None and not depth
        out.append(_UNKNOWN + _blank(match[0]) if is_given else _blank(match[0]))
    out.append(_blank(template[position:]) if depth else template[position:])
    return "".join(out)


def _blank(text: str) -> str:
    return "\n" * text.count("\n")


def written_hint(rule: DenyRule) -> str:
    """Say what to do instead of writing a name out."""
    if rule.use is not None:
        return "Ask for it by `ref` or `source`, for which the rule gives another relation"
    return "Build it here and ask for it by `ref`; `use:` of the rule may name a masked relation"
