"""Every code that can be reported has one section in the documentation, and no other has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.hygiene.problem_codes import reported_codes
from tests.hygiene.source_tree import DOCS, modules, text_of

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
REPORTED = reported_codes()
FAMILIES: tuple[str, ...] = ("ref-arguments", "source-arguments", "function-arguments")
"""Codes put together at run time from the name of the call that was wrong."""


def _sections() -> Iterator[tuple[str, str, str]]:
    for path in sorted((DOCS / "problems").glob("*.md")):
        parts = _SECTION.split(path.read_text("utf-8"))
        for code, body in zip(parts[1::2], parts[2::2], strict=True):
            yield path.name, code, body.strip()


SECTIONS = tuple(_sections())


@pytest.mark.parametrize("code", sorted(REPORTED))
def test_code_is_documented(code: str) -> None:
    assert code in {section for _, section, _ in SECTIONS}, sorted(REPORTED[code])


def test_every_section_is_a_code() -> None:
    texts = [text_of(module) for module in modules()]
    known = {*REPORTED, *FAMILIES}
    stale = [
        f"{file}: {code}"
        for file, code, _ in SECTIONS
        if code not in known and not any(f'"{code}"' in text for text in texts)
    ]
    assert stale == []


def test_no_code_is_documented_twice() -> None:
    counts = Counter(code for _, code, _ in SECTIONS)
    assert [code for code, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(("file", "code", "body"), SECTIONS, ids=[s[1] for s in SECTIONS])
def test_section_says_something(file: str, code: str, body: str) -> None:
    assert len(body.split()) >= 7, f"{file}: {code} has too little to say"


def test_index_links_every_page() -> None:
    index = (DOCS / "problems.md").read_text("utf-8")
    pages = [path.name for path in (DOCS / "problems").glob("*.md")]
    assert [page for page in pages if f"(problems/{page})" not in index] == []
