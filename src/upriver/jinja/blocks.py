"""Finding the blocks of a file: macros, tests, materializations, docs, snapshots.

dbt cuts blocks out of a file before any Jinja is parsed (JINJA-3). So does this module, with two
regular expressions that step over comments, raw sections, strings and tags that do not matter
inside the regular expression engine: one match per block boundary, which is what makes hundreds
of macros affordable at every cold start.

Rules: a block ends at the first end tag of its kind; another block may not begin inside it, nor
inside `{% if %}` or `{% for %}`; text outside blocks is ignored, and tags there are reported
(JINJA-9).
"""

from __future__ import annotations

import functools
import re

import msgspec

from upriver.problems import Problem, Span
from upriver.resources.nearest import nearest_hint

KINDS = frozenset({"macro", "materialization", "test", "data_test", "docs", "snapshot"})

# `(?>(?:x)*)` and not `(?:x)*+`: Python before 3.11.5 matches possessive groups wrongly.
STRING = r"""'(?>(?:[^'\\]++|\\.)*)'|"(?>(?:[^"\\]++|\\.)*)\""""
COMMENT = r"\{\#.*?\#\}"
RAW = r"\{%[-+]?\s*raw\s*-?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}"
EXPRESSION = rf"\{{\{{(?>(?:[^}}'\"]++|{STRING}|\}}(?!\}}))*)\}}\}}"
INSIDE_TAG = rf"(?>(?:[^%'\"]++|{STRING}|%(?!\}}))*)"

_SKIPPED = rf"[^{{]++|\{{(?![{{%#])|{COMMENT}|{RAW}|{EXPRESSION}"
_TAG = rf"\{{%([-+]?+)\s*+(?!raw\b)(\w+)({INSIDE_TAG})%\}}"
_TOP = re.compile(rf"(?>(?:{_SKIPPED})*){_TAG}", re.DOTALL)
_OPENINGS = "|".join(sorted(KINDS))
_SPACE = re.compile(r"\s*")
_HEADER = re.compile(r"\s*+(\w+)(.*?)-?\+?$", re.DOTALL)

_OPEN_FLOW = frozenset({"if", "for", "call", "filter", "with"})
_CLOSE_FLOW = frozenset({"endif", "endfor", "endcall", "endfilter", "endwith"})


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One block of a file."""

    kind: str
    """The tag: `macro`, `materialization`, `test`, `data_test`, `docs` or `snapshot`."""
    name: str
    header: str
    """What follows the name inside the opening tag, e.g. `(a, b=1)`."""
    text: str
    """The whole block, tags included."""
    body: str
    """What stands between the tags, after whitespace control."""
    line: int
    """Line of the block's first character."""
    body_line: int
    """Line of the body's first character."""
    space: tuple[str, str] = ("", "")
    """White space around the block that its own `{%-` and `-%}` take away."""


class _Cutter:
    """Walks over one file; gathers blocks and problems."""

    def __init__(self, text: str, kinds: frozenset[str], file: str) -> None:
        self.text = text
        self.kinds = kinds
        self.file = file
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []
        self.flow: list[tuple[str, int]] = []
        self._free_from = 0
        self._counted = 0
        self._line = 1

    def line_at(self, position: int) -> int:
        """Return the line of a position; positions are asked in rising order."""
        if position < self._counted:
            return self.text.count("\n", 0, position) + 1
        self._line += self.text.count("\n", self._counted, position)
        self._counted = position
        return self._line

    def problem(
        self, code: str, message: str, position: int, *, hint: str | None = None, event: str = ""
    ) -> None:
        """Report a problem; one with an event is a warning."""
        self.problems.append(
            Problem(
                code=code,
                message=message,
                severity="warning" if event else "error",
                span=Span(file=self.file, line=self.text.count("\n", 0, position) + 1),
                hint=hint,
                event=event or None,
            )
        )

    def run(self) -> None:
        """Cut the whole file."""
        position = 0
        while True:
            match = _TOP.match(self.text, position)
            if match is None:
                self._check_rest(position)
                return
            tag = match[2]
            start = match.start(1) - 2
            position = match.end()
            if tag in self.kinds:
                ended = self._block(match, start)
                if ended is None:
                    return
                position = ended
            else:
                self._other_tag(tag, start)

    def _block(self, opening: re.Match[str], start: int) -> int | None:
        """Cut the block that opens here; return where it ends, None when it does not."""
        kind = opening[2]
        if self.flow:
            flow, _ = self.flow[-1]
            self.problem(
                "block-in-control-flow",
                f"A `{kind}` block stands inside `{{% {flow} %}}`",
                start,
                hint="Blocks are defined whether or not the condition holds: "
                "move it to the top level of the file",
            )
        closing = _closing(kind).match(self.text, opening.end())
        if closing is None:
            self._unclosed(kind, start, opening.end())
            return None
        if closing[2] != f"end{kind}":
            self.problem(
                "nested-block",
                f"A `{closing[2]}` block begins before `{{% end{kind} %}}`",
                closing.start(1) - 2,
                hint=f"Close the `{kind}` block of line {self.line_at(start)} first",
            )
            return opening.end()
        self._keep(kind, opening, start, closing)
        return closing.end()

    def _keep(self, kind: str, opening: re.Match[str], start: int, closing: re.Match[str]) -> None:
        header = _HEADER.match(opening[3])
        if header is None:
            self.problem("block-without-name", f"A `{kind}` block has no name", start)
            return
        body_start, body_end = opening.end(), closing.start(1) - 2
        body = self.text[body_start:body_end]
        if opening[3].endswith("-"):
            body = body.lstrip()
            body_start = body_end - len(body)
        if closing[1] == "-":
            body = body.rstrip()
        self.blocks.append(
            Block(
                kind=kind,
                name=header[1],
                header=header[2].strip(),
                text=self.text[start : closing.end()],
                body=body,
                line=self.line_at(start),
                body_line=self.line_at(body_start),
                space=self._space(opening, start, closing),
            )
        )

    def _space(
        self, opening: re.Match[str], start: int, closing: re.Match[str]
    ) -> tuple[str, str]:
        """Return the white space that the outer marks take away and no earlier block took.

        What stands at either end of the file is not counted: dbt strips files.
        """
        before = after = ""
        if opening[1] == "-":
            free = self.text[self._free_from : start]
            before = free[len(free.rstrip()) :]
            before = "" if len(before) == start else before
        end = closing.end()
        if closing[3].endswith("-"):
            match = _SPACE.match(self.text, end)
            after = match[0] if match and match.end() < len(self.text) else ""
        self._free_from = end + len(after)
        return before, after

    def _other_tag(self, tag: str, start: int) -> None:
        if tag in _OPEN_FLOW:
            self.flow.append((tag, start))
        elif tag in _CLOSE_FLOW and self.flow:
            self.flow.pop()
        hint = nearest_hint(tag, self.kinds) if tag not in _PLAIN_TAGS else None
        self.problem(
            "unexpected-jinja-block",
            f"The tag `{tag}` stands outside every block and has no effect",
            start,
            hint=hint,
            event="UnexpectedJinjaBlockDeprecation",
        )

    def _check_rest(self, position: int) -> None:
        """After the last tag: report a tag, comment or expression that is never closed."""
        broken = _unclosed_at(self.text, position)
        if broken is not None:
            mark = self.text[broken : broken + 2]
            self.problem("unclosed-jinja", f"`{mark}` is never closed", broken)
        for tag, start in self.flow:
            self.problem("unclosed-jinja", f"`{{% {tag} %}}` is never closed", start)

    def _unclosed(self, kind: str, start: int, position: int) -> None:
        broken = _unclosed_at(self.text, position)
        if broken is not None:
            mark = self.text[broken : broken + 2]
            self.problem("unclosed-jinja", f"`{mark}` is never closed", broken)
            return
        self.problem(
            "unclosed-block",
            f"The `{kind}` block has no `{{% end{kind} %}}`",
            start,
            hint=f"Add `{{% end{kind} %}}` after its last line",
        )


_PLAIN_TAGS = _OPEN_FLOW | _CLOSE_FLOW | {"set", "endset", "do", "else", "elif"}


def find_blocks(
    text: str, kinds: frozenset[str], *, file: str
) -> tuple[tuple[Block, ...], tuple[Problem, ...]]:
    """Return the top-level blocks of these kinds in order, and what is wrong with the tags."""
    if "{" not in text:
        return (), ()
    cutter = _Cutter(text, kinds, file)
    cutter.run()
    return tuple(cutter.blocks), tuple(cutter.problems)


@functools.cache
def _closing(kind: str) -> re.Pattern[str]:
    """Return what finds the end of a block, or the beginning of another inside it."""
    boundary = rf"end{kind}|{_OPENINGS}"
    other = rf"\{{%[-+]?+\s*+(?!(?:raw|{boundary})\b){INSIDE_TAG}%\}}"
    tag = rf"\{{%([-+]?+)\s*+({boundary})\b({INSIDE_TAG})%\}}"
    return re.compile(rf"(?>(?:{_SKIPPED}|{other})*){tag}", re.DOTALL)


def _unclosed_at(text: str, position: int) -> int | None:
    """Return where a tag, comment or expression begins that never ends."""
    match = _WHOLE.match(text, position)
    end = match.end() if match else position
    return end if end < len(text) else None


_WHOLE = re.compile(rf"(?>(?:{_SKIPPED}|{_TAG})*)", re.DOTALL)
