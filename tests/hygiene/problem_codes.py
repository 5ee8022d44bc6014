"""Collecting, from the syntax of the package, every problem code that can be reported.

A code reaches a problem in one of six ways: as a keyword `code=`, as the default of a parameter
or field called `code`, by position to a function that has such a parameter, as the first of the
values that a function returns to `code, ...`, as a value of a table that `code` is looked up in,
and written out in a line such as `error[usage]: ...`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.hygiene.source_tree import modules, text_of, tree_of

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WRITTEN_OUT = re.compile(r"\b(?:error|warning)\[([a-z-]+)\]")
_NOT_ABOUT_PROBLEMS = frozenset({"Response", "RunParts", "CompiledStep", "_paint", "paint"})
"""What else has a `code`: answers of warehouses, compiled SQL, terminal colours."""
_WORDS_BESIDE = frozenset({"message", "text"})
"""A parameter `code` means a problem's code only beside one of these."""


def reported_codes() -> dict[str, set[str]]:
    """Every code with the modules that report it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    makers = {module: dict(_makers(tree_of(module))) for module in modules()}
    shared = {name: at for of in makers.values() for name, at in of.items() if name[0] != "_"}
    for module in modules():
        tree = tree_of(module)
        local = {**shared, **makers[module]}
        for node in (*_keywords(tree), *_defaults(tree), *_by_position(tree, local),
                     *_returned(tree), *_looked_up(tree)):  # fmt: skip
            for code in _texts(node):
                found[code].add(module)
        for code in _WRITTEN_OUT.findall(text_of(module)):
            found[code].add(module)
    return dict(found)


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts an expression may be: one, or the arms of a conditional expression."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.Constant) and _CODE.fullmatch(str(node.value)):
        yield str(node.value)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _keywords(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) not in _NOT_ABOUT_PROBLEMS:
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")


def _defaults(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            if isinstance(node.target, ast.Name) and node.target.id == "code":
                yield node.value
        elif isinstance(node, ast.FunctionDef):
            arguments = node.args
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
                if argument.arg == "code" and default is not None:
                    yield default


def _makers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions and structs that take a code by position, and at which."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
        elif isinstance(node, ast.ClassDef):
            names = [
                item.target.id
                for item in node.body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            ]
        else:
            continue
        is_maker = "code" in names and not _WORDS_BESIDE.isdisjoint(names)
        if is_maker and node.name not in _NOT_ABOUT_PROBLEMS:
            yield node.name, names.index("code")


def _by_position(tree: ast.Module, makers: dict[str, int]) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            position = makers.get(_called(node))
            if position is not None and len(node.args) > position:
                yield node.args[position]


def _returned(tree: ast.Module) -> Iterator[ast.expr]:
    """First values of what is unpacked into `code, ...`, through functions of the module."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    waiting = [
        _called(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Tuple) and getattr(target.elts[0], "id", "") == "code"
    ]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                yield node.value.elts[0]
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                waiting.append(_called(node.value))


def _looked_up(tree: ast.Module) -> Iterator[ast.expr]:
    """Values of the tables that `code = TABLE.get(...)` reads."""
    tables = {
        node.value.func.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "code"
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and isinstance(node.value.func.value, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Dict):
            continue
        if getattr(node.target, "id", "") in tables:
            yield from node.value.values
