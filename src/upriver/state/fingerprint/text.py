"""Text as a fingerprint sees it: SQL with Jinja in it, without what cannot change a result.

Comments, white space and the case of keywords do not count; the spelling of names and everything
inside quotes does. The text is not parsed: it is cut at strings, quoted names, comments and tags,
and only what stands between them is changed. Whatever could make that cut uncertain (a quote that
is never closed, a string that a tag begins, a dialect's own kinds of quotes and comments) leaves
the whole text as it was written. So two texts may be told apart that mean the same, which costs a
build; never the reverse.

What a block captures (`set`, `call`, `filter`, `macro`) may end up inside a string. It is only
normalised where it is recognisably a query.

A `config(...)` call says nothing by its text: what it says is in the node's configuration.
"""

from __future__ import annotations

import re

from upriver.jinja.blocks import COMMENT, INSIDE_TAG, RAW, STRING

_BRACES = rf"\{{(?>(?:[^{{}}'\"]++|{STRING}|\{{(?>(?:[^{{}}'\"]++|{STRING})*)\}})*)\}}"
_EXPRESSION = rf"\{{\{{(?>(?:[^{{}}'\"]++|{STRING}|{_BRACES}|\}}(?!\}}))*)\}}\}}"
_STATEMENT = rf"\{{%{INSIDE_TAG}%\}}"
_INNER = rf"\{{(?![{{%\#])|{_EXPRESSION}"
_PIECE = re.compile(
    # Looking at the first character before anything else makes the search seven times as fast.
    rf"""(?=['"`{{$/\#-])(?:(?P<raw>{RAW})
    | (?P<note>{COMMENT})
    | (?P<expression>{_EXPRESSION})
    | (?P<statement>{_STATEMENT})
    | (?P<line>--[^\n]*+)
    | (?P<block>/\*.*?\*/)
    | (?P<quoted>
          '(?>(?:[^'{{\\]++|''|\\(?!')|{_INNER})*)'
        | "(?>(?:[^"{{\\]++|""|\\(?!")|{_INNER})*)"
        | `(?>(?:[^`{{]++|{_INNER})*)`
        | (?<![\w$])\$(?P<mark>\w*)\$.*?\$(?P=mark)\$
      )
    | (?P<odd>['"`\#]|//|/\*|\{{[{{%\#]))
    """,
    re.VERBOSE | re.DOTALL,
)
_TAG = re.compile(rf"{RAW}|{COMMENT}|{_EXPRESSION}|{_STATEMENT}", re.DOTALL)
_CAPTURE = re.compile(
    r"\{%[-+]?\s*+(end)?(set|call|filter|macro|test|data_test|materialization)\b([^=]*)", re.DOTALL
)
_OPENING = re.compile(r"\{[{%#]")
_EATS_BEFORE = re.compile(r"\s*\{[{%#]-")
_CONFIG = re.compile(
    rf"\{{\{{[-+]?\s*config\s*\((?>(?:[^'\"()]++|{STRING}|\((?>(?:[^'\"()]++|{STRING})*)\))*)\)"
    r"\s*[-+]?\}\}",
    re.DOTALL,
)
_HINTS = ("/*+", "/*!", "--+")
_IS_QUERY = re.compile(r"\bselect\b|\bcase\s+when\b|\binsert\s+into\b", re.IGNORECASE)
_TIGHT = ",;()=<>+*"
_CLOSINGS = tuple(pair for mark in _TIGHT for pair in ((f" {mark}", mark), (f"{mark} ", mark)))
_TAG_PART = re.compile(STRING, re.DOTALL)
_TAG_SPACED = re.compile(r" ?([(),=|.\[\]{}:+*/~<>!-]) ?")
_KEYWORDS = (
    "select|from|where|group|by|order|having|qualify|limit|offset|join|on|using|left|right|inner|"
    "outer|full|cross|natural|lateral|union|all|intersect|except|distinct|as|with|recursive|case|"
    "when|then|else|end|and|or|not|in|is|null|like|ilike|between|exists|over|partition|asc|desc|"
    "true|false|cast"
)
_FUNCTIONS = (
    "count|sum|min|max|avg|coalesce|nullif|row_number|rank|dense_rank|lag|lead|first_value|"
    "last_value|greatest|least|round|abs|floor|ceil|lower|upper|trim|substring|concat|length|"
    "date_trunc|extract|try_cast"
)
# Behind a dot or `as` stands a name, whatever its letters.
_WORD = re.compile(
    rf"(?<![\w.$@])(?<!\bas )(?:(?:{_KEYWORDS})\b|(?:{_FUNCTIONS})(?=\())", re.IGNORECASE
)


def normalised(text: str) -> str:
    """Return the text without what does not count; the text itself where that is uncertain."""
    return cut(text)[0]


def cut(text: str) -> tuple[str, str]:
    """Return the normalised text, and everything in it that is, or holds, a tag."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    matches = list(_PIECE.finditer(text))
    plain = None if "'''" in text or '"""' in text else _written(text, matches)
    return (text if plain is None else plain), _code(text, matches)


def _code(text: str, matches: list[re.Match[str]]) -> str:
    if "{{" not in text and "{%" not in text:
        return ""
    if any(match.lastgroup == "odd" and match[0] in ("{{", "{%") for match in matches):
        return text
    pieces = (match[0] for match in matches if match.lastgroup not in ("note", "raw"))
    return "\n".join(piece for piece in pieces if "{{" in piece or "{%" in piece)


def _written(text: str, matches: list[re.Match[str]]) -> str | None:
    out = _Writer()
    verbatim = _verbatim_regions(text, matches)
    position = 0
    for match in matches:
        out.plain(text[position : match.start()], is_kept=_is_inside(position, verbatim))
        is_kept = _is_inside(match.start(), verbatim)
        position = match.end()
        if not _put(out, match, text[position : position + 80], is_kept=is_kept):
            return None
    out.plain(text[position:], is_kept=_is_inside(position, verbatim))
    return out.text()


def _put(out: _Writer, match: re.Match[str], rest: str, *, is_kept: bool) -> bool:
    """Write one piece; False where the text has to stay as it is."""
    kind, piece = match.lastgroup, match[0]
    if out.is_after_comment and piece.startswith(("{{-", "{%-", "{#-")):
        # The tag takes away the line end that ends the comment.
        return False
    match kind:
        case "quoted" | "raw":
            out.exact(piece)
        case "expression" if _CONFIG.fullmatch(piece):
            # What it says is in the node's configuration.
            out.strip(left=piece[2] == "-", right=piece[-3] == "-")
        case "expression" | "statement":
            out.tag(piece)
        case "note":
            out.strip(left=piece[2] == "-", right=piece[-3] == "-")
        case "line" | "block":
            return _put_comment(out, piece, rest, is_kept=is_kept)
        case _:
            # A lone quote, or what is a comment in one dialect and an operator in another.
            if not is_kept or piece not in ("#", "//"):
                return False
            out.exact(piece)
    return True


def _put_comment(out: _Writer, piece: str, rest: str, *, is_kept: bool) -> bool:
    is_line = piece.startswith("--")
    if _OPENING.search(piece):
        # Tags are carried out in comments too, and what they give may end the comment.
        is_cut = _OPENING.search(_TAG.sub("", piece)) or piece.endswith(("-}}", "-%}", "-#}"))
        if is_cut or _EATS_BEFORE.match(rest):
            return False
        out.exact(piece + "\n")
    elif is_kept or piece.startswith(_HINTS):
        out.exact(piece + "\n")
    elif not is_line and "/*" in piece[2:]:
        return False
    else:
        out.comment(is_line=is_line)
    return True


class _Writer:
    """The pieces written so far; white space between them is decided when the next one comes."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._is_gap = False
        self._is_eaten = False
        self.is_after_comment = False

    def text(self) -> str:
        return "".join(self._pieces)

    def plain(self, piece: str, *, is_kept: bool) -> None:
        if not piece:
            return
        if is_kept:
            self._is_gap = False
            self.exact(piece.lstrip() if self._is_eaten else piece)
            return
        core = " ".join(piece.split())
        if not core:
            self._is_gap = self._is_gap or not self._is_eaten
            return
        for apart, tight in _CLOSINGS:
            core = core.replace(apart, tight)
        if not core.islower():
            core = self._lower(core, piece)
        starts_apart = piece[0].isspace() and not self._is_eaten
        self._gap(core, is_apart=starts_apart)
        self._pieces.append(core)
        self._is_gap = piece[-1].isspace()
        self.is_after_comment = False

    def exact(self, piece: str) -> None:
        self._gap(piece, is_apart=False)
        self._pieces.append(piece)
        self.is_after_comment = False

    def _lower(self, core: str, piece: str) -> str:
        """Lower keywords; a word that touches a tag or a string may be part of a name."""
        first = 0 if piece[0].isspace() or not self._pieces else 1
        last = len(core) if piece[-1].isspace() else len(core) - 1
        return _WORD.sub(
            lambda m: m[0].lower() if m.start() >= first and m.end() <= last else m[0], core
        )

    def tag(self, piece: str) -> None:
        if piece[2] == "-":
            self._is_gap = False
        mark = piece[-3]
        inner = piece[2:-2].strip("+-" if len(piece) > 4 else "")  # noqa: PLR2004 - two marks
        self.exact(piece[:2] + normalised_tag(inner) + piece[-2:])
        self._is_eaten = mark == "-"

    def strip(self, *, left: bool, right: bool) -> None:
        if left:
            self._is_gap = False
        if right:
            self._is_eaten = True

    def comment(self, *, is_line: bool) -> None:
        self._is_gap = True
        self._is_eaten = False
        self.is_after_comment = is_line

    def _gap(self, piece: str, *, is_apart: bool) -> None:
        if (self._is_gap or is_apart) and self._pieces and piece[0] not in _TIGHT:
            last = self._pieces[-1]
            if last[-1] not in _TIGHT:
                self._pieces.append(" ")
        self._is_gap = False
        self._is_eaten = False


def normalised_tag(inner: str) -> str:
    """Return the inside of a tag with white space and the kind of quotes evened out."""
    if "'" not in inner and '"' not in inner:
        return _tag_code(inner).strip()
    pieces: list[str] = []
    position = 0
    for match in _TAG_PART.finditer(inner):
        pieces.append(_tag_code(inner[position : match.start()]))
        position = match.end()
        string = match[0]
        body = string[1:-1]
        is_plain = "'" not in body and '"' not in body and "\\" not in body
        pieces.append(f"'{body}'" if is_plain else string)
    pieces.append(_tag_code(inner[position:]))
    return "".join(pieces).strip()


def _tag_code(code: str) -> str:
    core = " ".join(code.split())
    if not core:
        return " " if code else ""
    core = _TAG_SPACED.sub(r"\1", core)
    left = " " if code[0].isspace() and core[0].isalnum() else ""
    right = " " if code[-1].isspace() and core[-1].isalnum() else ""
    return left + core + right


def _verbatim_regions(text: str, matches: list[re.Match[str]]) -> list[tuple[int, int]]:
    """Return where captured text stands that is no query."""
    if "{%" not in text:
        return []
    found: list[tuple[int, int]] = []
    open_tags: list[tuple[str, int]] = []
    for match in matches:
        tag = _CAPTURE.match(match[0]) if match.lastgroup == "statement" else None
        if tag is None:
            continue
        is_end, name = tag[1], tag[2]
        if is_end and any(opened == name for opened, _ in open_tags):
            while open_tags:
                opened, start = open_tags.pop()
                if opened == name:
                    break
            if not _IS_QUERY.search(text, start, match.start()):
                found.append((start, match.start()))
        elif not is_end and (name != "set" or tag.end() == len(match[0])):
            # `set` with a value captures nothing.
            open_tags.append((name, match.end()))
    return found


def _is_inside(position: int, regions: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in regions)
