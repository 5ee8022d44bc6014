"""Words in the code: plain prose, no marks of excitement, nothing left for later."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from tests.hygiene.source_tree import PACKAGE, ROOT, modules, text_of, tree_of

_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f]")
_LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_EXCITED = re.compile(r"[A-Za-z`']!(\s|$)")

WORDED_AS_DBT: frozenset[str] = frozenset(
    {"No nodes selected!", "All checks passed!", "Up to date!"}
)
"""Lines that tools look for in the output, with the mark dbt gives them."""


def _files() -> Iterator[str]:
    for folder in ("src", "docs", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".md", ".sql", ".yml"} and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()
    yield from (name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"))


def test_no_emoji() -> None:
    found = [name for name in _files() if _EMOJI.search((ROOT / name).read_text("utf-8"))]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    paths = [path for path in sorted(PACKAGE.rglob("*")) if path.suffix in {".py", ".sql"}]
    found = [p.relative_to(PACKAGE).as_posix() for p in paths if _LATER.search(p.read_text())]
    assert found == []


@pytest.mark.parametrize("module", modules())
def test_texts_do_not_shout(module: str) -> None:
    excited = [
        f"{node.lineno}: {node.value!r}"
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if _EXCITED.search(node.value) and node.value not in WORDED_AS_DBT
    ]
    assert excited == []


def test_documentation_does_not_shout() -> None:
    names = [name for name in _files() if name.endswith(".md")]
    found = [
        f"{name}:{number}"
        for name in names
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), 1)
        if re.search(r"[a-z]!(\s|$)", line)
    ]
    assert found == []


def test_messages_of_problems_end_without_a_period() -> None:
    """One sentence, no trailing period; questions and a warehouse's own words are left alone."""
    found = [
        f"{module}:{node.lineno}: {message!r}"
        for module in modules()
        for node, message in _literal_messages(module)
        if message.endswith(".") and not message.endswith("...")
    ]
    assert found == []


def _literal_messages(module: str) -> Iterator[tuple[ast.Call, str]]:
    if "message" not in text_of(module):
        return
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem":
            for keyword in node.keywords:
                text = _last_text(keyword.value) if keyword.arg == "message" else None
                if text is not None:
                    yield node, text


def _last_text(node: ast.expr) -> str | None:
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[-1]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None
