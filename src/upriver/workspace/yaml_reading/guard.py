"""Prove that a text means the same under YAML 1.2 (fast) and PyYAML's YAML 1.1 (dbt's).

The two languages differ in how plain words are typed (`yes`, `012`, `1_000`, dates), in tags,
merge keys, directives and white space. `is_plain` searches for anything of that kind at a place
where a value could begin; whatever it is unsure about goes to PyYAML. Being wrong in that
direction costs time, never meaning. `may_repeat_keys` does the same for keys written twice, which
the fast parser does not report.
"""

from __future__ import annotations

import re
from typing import Any

# What may follow a complete plain value.
_END = r"(?=[ ]*(?:\n|\Z|[,\]}]|[ ]\#|:[ \n]|:\Z))"
# Numbers both languages read alike.
_SAME_NUMBER = rf"-?(?:0|[1-9][0-9]{{0,15}})(?:\.[0-9]+)?{_END}"

# Begins with a set of single characters, so that the search skips quickly to candidates.
_SUSPECT = re.compile(
    rf"""
    [\n,\[{{:?-] (?: (?<=[\n,\[{{])[ ]*+ | [ ]++ ) (?= [yYnNoO=+.0-9<!&*%@`|>?:{{\[-] )
    (?:
        (?: [yY]es | YES | [nN]o | NO | [oO]n | ON | [oO]ff | OFF | = ) {_END}
      | [-+]?\. (?: [0-9_eE+-]* | [iI]nf | INF | [nN]a[nN] | NAN ) {_END}
      | (?= [-+]?[0-9] ) (?! {_SAME_NUMBER} ) [0-9a-fA-FxXoO_.:+\-TtZz\ ]+ {_END}
      | [-+] [-+]
      | << | [!&*%@`] | (?<! [:-][ ] ) [|>]
      | [|>] [-+]? (?! [-+]? [ ]* (?: \n | \Z ))
      | \? | - (?: \n | \Z )
      | :
      | [{{\[] [ \n]* [{{\[,?:-]
    )
    | [:] (?<= ["'] : ) [^\s]
    | [:] (?: (?<= [\]}}] : ) | (?= [\]\[}}{{,?] ) )
    """,
    re.VERBOSE,
)
_ODD_CHARACTER = re.compile(
    "[\t\x00-\x08\x0b-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    "\ufeff\ud800-\udfff\ufffe\uffff]"
)
# Nesting without end is measured on the other path.
_NESTED_ROW = "- - - - - - - - "
_DEEP_INDENT = "\n" + " " * 100
_BLOCK_HEADER = re.compile(r"[|>][-+]?[ ]*\Z")
_BLOCK_START = re.compile(r"[|>][-+]?[ ]*\n")
"""Where a line may begin a block scalar; begins with characters that are rare."""
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_INNER_LIST = re.compile(r"\[[^\[\]{}]*\]")
_INNER_BRACES = re.compile(r"\{([^{}\n]*)\}")
_KEY_LINE = re.compile(r"^( *)((?:- +)*)([^\s#-].*?|-[^\s].*?):(?=[ \n]|\Z)", re.MULTILINE)


def is_plain(text: str) -> bool:
    """Whether the text certainly means the same in both languages."""
    if "\n---" in text or "\n..." in text:
        return False
    if text.startswith(("---", "...")) and not text.startswith("---\n"):
        return False
    if _NESTED_ROW in text or _DEEP_INDENT in text or _ends_in_block(text):
        return False
    lines = _distinct_lines(text)
    if _ODD_CHARACTER.search(lines) or _SUSPECT.search(f"\n{lines}"):
        return False
    return _has_balanced_lines(lines) or not _has_block_in_flow(text)


def _has_balanced_lines(lines: str) -> bool:
    """Whether no bracket is open at the end of a line, so that none can hold a block scalar."""
    if "[" not in lines and "{" not in lines:
        return True
    return all(
        line.count("[") == line.count("]")
        and line.count("{") == line.count("}")
        and line.rfind("[") <= line.rfind("]")
        and line.rfind("{") <= line.rfind("}")
        for line in lines.split("\n")
        if "[" in line or "{" in line
    )


def _distinct_lines(text: str) -> str:
    """Return the text with each of its lines once, which the searches through it cannot tell from
    the whole: most lines of property files are repeated, and searching is what a guard costs.

    Only a bracket at the end of a line is looked at together with the line below it.
    """
    if "[\n" in text or "{\n" in text or " \n" in text:
        return text
    return "\n".join(dict.fromkeys(text.split("\n")))


def _has_block_in_flow(text: str) -> bool:
    """Whether a block scalar may begin inside brackets, where only one of the parsers minds."""
    start = square = curly = 0
    for header in _BLOCK_START.finditer(text):
        part = text[start : header.start()]
        square = max(0, square + part.count("[") - part.count("]"))
        curly = max(0, curly + part.count("{") - part.count("}"))
        if square or curly or part.rfind("[") > part.rfind("]"):
            return True
        start = header.start()
    return False


def _ends_in_block(text: str) -> bool:
    """Whether the text may end inside a block scalar, whose final newline is disputed.

    Each line that could begin one must be followed by a line that is indented no more.
    """
    if text.endswith("\n"):
        return text.rstrip(" \n")[-1:] in "|>+-"
    if "|" not in text and ">" not in text:
        return False
    headers = [match.start() for match in _BLOCK_START.finditer(text)]
    if _BLOCK_HEADER.search(text, text.rfind("\n") + 1):
        return True
    if not headers:
        return False
    # In most texts one line below the last of them is indented less than all of them.
    least = min(_indent(text, text.rfind("\n", 0, start) + 1) for start in headers)
    below = text.find("\n", headers[-1]) + 1
    if any(_indent(line, 0) <= least for line in text[below:].split("\n") if line.strip(" ")):
        return False
    outermost = len(text)
    for line in reversed(text.split("\n")):
        content = line.lstrip(" ")
        if not content:
            continue
        indent = len(line) - len(content)
        if outermost > indent and _BLOCK_HEADER.search(content):
            return True
        outermost = min(outermost, indent)
    return False


def _indent(text: str, start: int) -> int:
    """Return how many spaces begin a line."""
    end = start
    while text[end] == " ":
        end += 1
    return end - start


def may_repeat_keys(text: str, count: int) -> bool:
    """Whether some mapping of a plain text, of which `count` keys arrived, may hold a key twice.

    Every key that is written has a colon before white space; where there are exactly as many of
    those as keys that arrived, none was lost. Else the lines are looked at one by one.
    """
    has_braces = "{" in text and (
        text.count("{") > 2 * text.count("{{") + text.count("{%") + text.count("{#")
    )
    colons = text.count(": ") + text.count(":\n") + text.endswith(":")
    if colons == count:
        return has_braces and _has_bare_keys(text)
    return has_braces or _repeats_a_line(text)


def _has_bare_keys(text: str) -> bool:
    """Whether an entry in braces may have no colon, which would upset the count."""
    text = _TEMPLATE.sub("", text)
    while "{" in text:
        text = _INNER_LIST.sub("", text)
        groups = _INNER_BRACES.findall(text)
        entries = [entry for group in groups if group.strip() for entry in group.split(",")]
        if not groups or any(":" not in entry for entry in entries):
            return True
        text = _INNER_BRACES.sub("", text)
    return False


def count_keys(value: Any) -> tuple[int, set[Any]]:
    """Return how many keys the mappings of a document have together, and the different ones."""
    count = 0
    names: set[Any] = set()
    pending = [value]
    while pending:
        item = pending.pop()
        if type(item) is dict:
            count += len(item)
            names.update(item)
            pending.extend(item.values())
        elif type(item) is list:
            pending.extend(item)
    return count, names


def _repeats_a_line(text: str) -> bool:
    """Follow block mappings by their columns; lines of longer texts only look like keys."""
    levels: list[tuple[int, set[str]]] = []
    for indent, dashes, raw_key in _KEY_LINE.findall(text):
        column = len(indent)
        while levels and levels[-1][0] > column:
            levels.pop()
        column += len(dashes)
        key = raw_key.strip("\"' ")
        if "\\" in key or "''" in key:
            return True
        if dashes or not levels or levels[-1][0] != column:
            levels.append((column, {key}))
        elif key in levels[-1][1]:
            return True
        else:
            levels[-1][1].add(key)
    return False
