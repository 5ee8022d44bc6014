from __future__ import annotations

import re

import pytest

from upriver.cli.style import Style, shown_place
from upriver.problems import Problem, Span


@pytest.mark.parametrize(
    ("shown", "level", "is_shown"),
    [
        ("info", "debug", False),
        ("info", "warn", True),
        ("error", "warn", False),
        ("none", "error", False),
    ],
)
def test_levels(shown: str, level: str, is_shown: bool) -> None:  # noqa: FBT001
    # CLI-110
    assert Style(level=shown).shows(level) is is_shown


def test_prefixes() -> None:
    assert re.fullmatch(r"\d\d:\d\d:\d\d  ", Style().prefix("info", None))
    detailed = Style(is_detailed=True).prefix("info", "Thread-1 (worker)")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6} \[info \] \[Thread-1 \(\]: ", detailed)
    assert "[MainThread]" in Style(is_detailed=True).prefix("error", None)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (None, None),
        (Span(file="a.sql"), "a.sql"),
        (Span(file="a.sql", line=2), "a.sql:2"),
        (Span(file="a.sql", line=2, column=3), "a.sql:2:3"),
    ],
)
def test_places(span: Span | None, text: str | None) -> None:
    assert shown_place(Problem(code="x", message="y", span=span)) == text
