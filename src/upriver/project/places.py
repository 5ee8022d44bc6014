"""Finding the lines of problems in YAML files, only when they are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from upriver.parse.locate import resolve_span
from upriver.problems import Problem, Span


def placed(problems: tuple[Problem, ...], root: str) -> tuple[Problem, ...]:
    """Return the problems with spans that name YAML keys turned into lines."""
    texts: dict[str, str | None] = {}

    def text_of(file: str) -> str | None:
        if file not in texts:
            try:
                texts[file] = (Path(root) / file).read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError):
                texts[file] = None
        return texts[file]

    return tuple(_placed(problem, text_of) for problem in problems)


def _placed(problem: Problem, text_of: Callable[[str], str | None]) -> Problem:
    if not _needs_line(problem.span) and not any(map(_needs_line, problem.related)):
        return problem
    return msgspec.structs.replace(
        problem,
        span=None if problem.span is None else _resolve(problem.span, text_of),
        related=tuple(_resolve(span, text_of) for span in problem.related),
    )


def _needs_line(span: Span | None) -> bool:
    return span is not None and span.line is None and bool(span.keys)


def _resolve(span: Span, text_of: Callable[[str], str | None]) -> Span:
    if not _needs_line(span):
        return span
    text = text_of(span.file)
    return span if text is None else resolve_span(span, text)
