"""Selection as a value: criteria combined by set operators (SEL-1..14).

Command line text and `selectors.yml` both become this tree; only `select.py` evaluates it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from upriver.plan.method_names import DEFAULT_METHODS, METHOD_NAMES
from upriver.problems import Problem
from upriver.resources.nearest import nearest_hint


class Criterion(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One `[@][N+][method[.args]:]value[+N]`."""

    method: str
    arguments: tuple[str, ...] = ()
    value: Any
    raw: str
    has_parents: bool = False
    parents_depth: int | None = None
    """None is unlimited."""
    has_children: bool = False
    children_depth: int | None = None
    has_childrens_parents: bool = False
    """The `@` operator (SEL-4)."""
    indirect: str | None = None
    """Indirect selection mode set on the definition itself (SEL-51)."""


class Union(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Any of the parts."""

    parts: tuple[Spec, ...]
    raw: str = ""
    warns_when_empty: bool = False


class Intersection(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """All of the parts. `warns_when_empty` is set on what a user typed (SEL-73)."""

    parts: tuple[Spec, ...]
    raw: str = ""
    warns_when_empty: bool = False


class Difference(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The first part without the others (SEL-8)."""

    parts: tuple[Spec, ...]
    raw: str = ""
    warns_when_empty: bool = False


Spec = Criterion | Union | Intersection | Difference

_CRITERION = re.compile(
    r"""
    \A
    (?P<childrens_parents>@)?
    (?P<parents>(?P<parents_depth>\d*)\+)?
    ((?P<method>[A-Za-z_][\w]*(\.[\w.\-]+)?):)?
    (?P<value>.*?)
    (?P<children>\+(?P<children_depth>\d*))?
    \Z
    """,
    re.VERBOSE | re.DOTALL,
)


def parse_criterion(text: str) -> Criterion | Problem:
    """Parse one criterion of the command line."""
    match = _CRITERION.match(text)
    if match is None:
        return Problem(code="selector-syntax", message=f"Invalid selector `{text}`")
    method, value = _method_and_value(match["method"], match["value"])
    name, *arguments = method.split(".")
    if name not in METHOD_NAMES:
        return Problem(
            code="selector-method-unknown",
            message=f"`{name}` is not a valid method name in selector `{text}`",
            hint=nearest_hint(name, METHOD_NAMES),
        )
    if match["childrens_parents"] and match["children"]:
        return Problem(
            code="selector-syntax",
            message=f"Invalid selector `{text}`: `@` and a trailing `+` cannot be combined",
            hint="`@model` already includes everything downstream of the model",
        )
    return Criterion(
        method=name,
        arguments=tuple(arguments),
        value=value,
        raw=text,
        has_parents=match["parents"] is not None,
        parents_depth=_depth(match["parents_depth"]),
        has_children=match["children"] is not None,
        children_depth=_depth(match["children_depth"]),
        has_childrens_parents=match["childrens_parents"] is not None,
    )


def _method_and_value(method: str | None, value: str) -> tuple[str, str]:
    if method is not None:
        return method, value
    return default_method(value), value


def default_method(value: str) -> str:
    """Return the method a value without one has (SEL-9)."""
    if "/" in value:
        return DEFAULT_METHODS["path"]
    if value.lower().endswith((".sql", ".py", ".csv")):
        return DEFAULT_METHODS["file"]
    return DEFAULT_METHODS["name"]


def _depth(text: str | None) -> int | None:
    return int(text) if text else None


def parse_words(words: Iterable[str]) -> tuple[Union, tuple[Problem, ...]]:
    """Parse the words given to `--select` or `--exclude`: spaces unite, commas intersect."""
    problems: list[Problem] = []
    parts: list[Spec] = []
    for raw in [piece for word in words for piece in word.split()]:
        criteria: list[Spec] = []
        for text in _criteria(raw):
            parsed = parse_criterion(text)
            if isinstance(parsed, Problem):
                problems.append(parsed)
            else:
                criteria.append(parsed)
        parts.append(Intersection(parts=tuple(criteria), raw=raw, warns_when_empty=True))
    return Union(parts=tuple(parts), raw=" ".join(words)), tuple(problems)


_COLUMN_LIST = "state:modified.columns:"


def _criteria(raw: str) -> Iterator[str]:
    """Split at commas, except between the columns of `state:modified.columns:a,b`."""
    gathered: list[str] = []
    for text in raw.split(","):
        if gathered and ":" not in text:
            gathered.append(text)
            continue
        if gathered:
            yield ",".join(gathered)
        gathered = [text] if _COLUMN_LIST in text else []
        if not gathered:
            yield text
    if gathered:
        yield ",".join(gathered)


def everything() -> Union:
    """Return what an absent `--select` means (SEL-14)."""
    methods = ("fqn", "source", "exposure", "metric", "semantic_model", "saved_query", "unit_test")
    parts = tuple(Criterion(method=name, value="*", raw=f"{name}:*") for name in methods)
    return Union(parts=parts, raw="")


def command_line_spec(
    select: tuple[str, ...], exclude: tuple[str, ...]
) -> tuple[Spec, tuple[Problem, ...]]:
    """Combine `--select` and `--exclude` into one tree."""
    included, problems = parse_words(select) if select else (everything(), ())
    if not exclude:
        return included, problems
    excluded, more = parse_words(exclude)
    return Difference(parts=(included, excluded)), (*problems, *more)
