"""Ceilings on the size of modules, functions and rooms, with the exceptions and their reasons."""

from __future__ import annotations

import ast
from collections import Counter

import pytest
from tests.hygiene.source_tree import modules, room_of, text_of, tree_of

MODULE_CEILING = 500
FUNCTION_CEILING = 60
ROOM_CEILING = 15

LARGE_MODULES: dict[str, tuple[int, str]] = {
    "jinja/adapter.py": (600, "one method per name that dbt's adapter object offers to templates"),
    "project/requests.py": (650, "one struct per verb, each field with the words of its help"),
    "jinja/relation.py": (550, "one member per name that dbt's relations offer to templates"),
}
"""Modules above the ceiling: the ceiling of their own, and why."""

LONG_FUNCTIONS: dict[str, tuple[int, str]] = {
    "graph/kinds/nodes.py:draft_body": (80, "one keyword argument per field of a node"),
}
"""Functions above the ceiling: the ceiling of their own, and why."""

LARGE_ROOMS: dict[str, tuple[int, str]] = {
    "jinja": (27, "dbt's template language: one module per kind of object that templates see"),
    "project": (58, "one small module per verb, beside the memory between them"),
    "server": (24, "one module per thing that is kept, beside packages for what surrounds them"),
    "run": (34, "what each kind of step needs, kept apart from the coordinator"),
}
"""Packages with more modules than the ceiling, sub-packages counted apart, and why."""


@pytest.mark.parametrize("module", modules())
def test_module_is_not_too_large(module: str) -> None:
    ceiling, _ = LARGE_MODULES.get(module, (MODULE_CEILING, ""))
    assert len(text_of(module).splitlines()) <= ceiling


@pytest.mark.parametrize("module", modules())
def test_functions_are_not_too_long(module: str) -> None:
    too_long = []
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            ceiling, _ = LONG_FUNCTIONS.get(f"{module}:{node.name}", (FUNCTION_CEILING, ""))
            if lines > ceiling:
                too_long.append(f"{node.name}: {lines} lines")
    assert too_long == []


def test_rooms_have_few_modules() -> None:
    counts = Counter(module.rpartition("/")[0] for module in modules())
    crowded = {
        package: count
        for package, count in counts.items()
        if count > LARGE_ROOMS.get(package, (ROOM_CEILING, ""))[0]
    }
    assert crowded == {}


def test_exceptions_are_needed() -> None:
    """An exception that nothing needs any more is removed, not kept for later."""
    small = [m for m in LARGE_MODULES if len(text_of(m).splitlines()) <= MODULE_CEILING]
    counts = Counter(module.rpartition("/")[0] for module in modules())
    sparse = [room for room in LARGE_ROOMS if counts[room] <= ROOM_CEILING]
    assert (small, sparse) == ([], [])
    assert {room_of(f"{room}/x") for room in LARGE_ROOMS} <= {room_of(m) for m in modules()}
