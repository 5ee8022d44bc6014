"""Calls written as text in YAML: `ref('x')`, `source('a', 'b')`, `metric('m')`."""

from __future__ import annotations

import ast
from typing import Any

from upriver.resources.calls import RefCall, SourceCall

_LONGEST = 1_000
"""No call is longer; deeply nested text could exhaust the parser's stack."""


def read_call(text: str) -> tuple[str, RefCall | SourceCall] | None:
    """Return the function's name and the call, or None when the text is no such call."""
    if len(text) > _LONGEST:
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        return None
    arguments = [_constant(argument) for argument in tree.args]
    named = {keyword.arg: _constant(keyword.value) for keyword in tree.keywords}
    match tree.func.id:
        case "ref" | "metric" | "function":
            call = _ref(arguments, named)
            return None if call is None else (tree.func.id, call)
        case "source" if len(arguments) == 2 and not named:  # noqa: PLR2004 # source and table
            source, table = arguments
            if isinstance(source, str) and isinstance(table, str):
                return "source", SourceCall(source=source, table=table)
    return None


def _ref(arguments: list[Any], named: dict[str | None, Any]) -> RefCall | None:
    version = named.pop("v", None) or named.pop("version", None)
    if version is not None and not isinstance(version, str | int | float):
        return None
    if named or not all(isinstance(argument, str) for argument in arguments):
        return None
    match arguments:
        case [name]:
            return RefCall(name=name, version=version)
        case [package, name]:
            return RefCall(name=name, package=package, version=version)
    return None


def _constant(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None
