"""References written as text outside of templates: `ref('x')` in a unit test or a constraint."""

from __future__ import annotations

import ast
from typing import Any

from upriver.resources.calls import RefCall, SourceCall

_PAIR = 2


def read_call(text: str) -> RefCall | SourceCall | None:
    """Read `ref('x')`, `ref('p', 'x')`, `ref('x', v=2)` or `source('a', 'b')`; else None."""
    written = text.strip().removeprefix("{{").removesuffix("}}").strip()
    try:
        call = ast.parse(written, mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return None
        arguments = [ast.literal_eval(argument) for argument in call.args]
        keywords = {key.arg: ast.literal_eval(key.value) for key in call.keywords}
    except (SyntaxError, ValueError, TypeError):
        return None
    return _call(call.func.id, arguments, keywords)


def _call(
    name: str, arguments: list[Any], keywords: dict[Any, Any]
) -> RefCall | SourceCall | None:
    if not all(isinstance(argument, str) for argument in arguments):
        return None
    if name == "source" and len(arguments) == _PAIR:
        return SourceCall(source=arguments[0], table=arguments[1])
    if name == "ref" and len(arguments) in {1, _PAIR}:
        package = arguments[0] if len(arguments) == _PAIR else None
        version = keywords.get("v", keywords.get("version"))
        return RefCall(name=arguments[-1], package=package, version=version)
    return None
