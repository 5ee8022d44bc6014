"""The package's modules as text and as syntax, for tests that look at the code itself."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "src" / "upriver"
TESTS = ROOT / "tests"
DOCS = ROOT / "docs"


def modules() -> tuple[str, ...]:
    """Every module as a path relative to the package, sorted, without `__init__.py`."""
    paths = (path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    return tuple(sorted(path.relative_to(PACKAGE).as_posix() for path in paths))


@cache
def text_of(module: str) -> str:
    """The source of a module."""
    return (PACKAGE / module).read_text("utf-8")


@cache
def tree_of(module: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(text_of(module))


def room_of(module: str) -> str:
    """The first-level package a module is in; empty for the hallway."""
    return module.partition("/")[0] if "/" in module else ""
