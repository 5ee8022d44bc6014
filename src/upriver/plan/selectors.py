"""Named selectors: the definitions of `selectors.yml` as selection trees (SEL-65..72).

Definitions arrive as plain YAML values. A selector may name one defined before it
(`method: selector`), so they are built in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.plan.method_names import METHOD_NAMES
from upriver.plan.spec import (
    Criterion,
    Difference,
    Intersection,
    Spec,
    Union,
    parse_criterion,
)
from upriver.problems import Problem, Span
from upriver.resources.nearest import nearest_hint

_CRITERION_KEYS = frozenset(
    {
        "method", "value", "children", "parents", "childrens_parents", "children_depth",
        "parents_depth", "indirect_selection", "exclude",
    }
)  # fmt: skip


class _Mistake(Exception):  # noqa: N818 - private, turned into a problem
    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def build_selectors(
    definitions: Mapping[str, Any], file: str = "selectors.yml"
) -> tuple[Mapping[str, Spec], tuple[Problem, ...]]:
    """Turn definitions by name into trees by name; a bad one is left out with its problem."""
    built: dict[str, Spec] = {}
    problems: list[Problem] = []
    for index, (name, definition) in enumerate(definitions.items()):
        try:
            built[name] = _build(definition, built, is_root=True)
        except _Mistake as mistake:
            problems.append(
                Problem(
                    code="selector-definition",
                    message=f"Selector `{name}`: {mistake.message}",
                    hint=mistake.hint,
                    span=Span(file=file, keys=("selectors", index, "definition")),
                )
            )
    return built, tuple(problems)


def unknown_selector(name: str, known: Mapping[str, Any]) -> Problem:
    """Return the problem for a `--selector` that is not defined (SEL-70)."""
    available = ", ".join(sorted(known)) or "none"
    return Problem(
        code="selector-not-found",
        message=f"Could not find selector named `{name}`, expected one of: {available}",
        hint=nearest_hint(name, known)
        or (None if known else "Define selectors in `selectors.yml` at the project's root"),
    )


def _build(definition: Any, built: Mapping[str, Spec], *, is_root: bool = False) -> Spec:
    if isinstance(definition, str):
        parsed = parse_criterion(definition)
        if isinstance(parsed, Problem):
            raise _Mistake(parsed.message, parsed.hint)
        return parsed
    if not isinstance(definition, Mapping):
        raise _Mistake(f"expected text or a mapping, found {type(definition).__name__}")
    operators = [key for key in ("union", "intersection") if key in definition]
    if operators:
        if is_root and len(definition) > 1:
            raise _Mistake(
                f"`{operators[0]}` must stand alone at the root of a definition, found"
                f" {', '.join(f'`{key}`' for key in definition)}"
            )
        return _build_operator(operators[0], definition[operators[0]], built)
    if "method" in definition:
        return _build_method(definition, built)
    if len(definition) == 1:
        ((method, value),) = definition.items()
        return _with_exclusion(_criterion({"method": method, "value": value}), None, built)
    raise _Mistake("expected `method` and `value`, `union`, `intersection` or one `method: value`")


def _build_operator(operator: str, parts: Any, built: Mapping[str, Spec]) -> Spec:
    if not isinstance(parts, list):
        raise _Mistake(f"`{operator}` must hold a list")
    included: list[Spec] = []
    excluded: Any = None
    for part in parts:
        if isinstance(part, Mapping) and set(part) == {"exclude"}:
            if excluded is not None:
                raise _Mistake(f"`{operator}` has more than one `exclude`")
            excluded = part["exclude"]
        else:
            included.append(_build(part, built))
    combine = Union if operator == "union" else Intersection
    return _with_exclusion(combine(parts=tuple(included)), excluded, built)


def _with_exclusion(spec: Spec, excluded: Any, built: Mapping[str, Spec]) -> Spec:
    if excluded is None:
        return spec
    if not isinstance(excluded, list):
        raise _Mistake("`exclude` must hold a list")
    without = Union(parts=tuple(_build(part, built) for part in excluded))
    return Difference(parts=(spec, without))


def _build_method(definition: Mapping[str, Any], built: Mapping[str, Spec]) -> Spec:
    unknown = [key for key in definition if key not in _CRITERION_KEYS]
    if unknown:
        raise _Mistake(
            f"unknown key `{unknown[0]}`", nearest_hint(str(unknown[0]), _CRITERION_KEYS)
        )
    if "value" not in definition:
        raise _Mistake("`method` needs a `value`")
    if definition["method"] == "selector":
        name = str(definition["value"])
        if name not in built:
            raise _Mistake(
                f"selector `{name}` is not defined before this one", nearest_hint(name, built)
            )
        spec = built[name]
    else:
        spec = _criterion(definition)
    return _with_exclusion(spec, definition.get("exclude"), built)


def _criterion(definition: Mapping[str, Any]) -> Criterion:
    name, *arguments = str(definition["method"]).split(".")
    if name not in METHOD_NAMES:
        raise _Mistake(f"`{name}` is not a valid method name", nearest_hint(name, METHOD_NAMES))
    value = definition["value"]
    criterion = Criterion(
        method=name,
        arguments=tuple(arguments),
        value=value if name == "config" else str(value),
        raw=f"{definition['method']}:{value}",
        has_parents=_flag(definition, "parents"),
        parents_depth=_depth(definition, "parents_depth"),
        has_children=_flag(definition, "children"),
        children_depth=_depth(definition, "children_depth"),
        has_childrens_parents=_flag(definition, "childrens_parents"),
        indirect=definition.get("indirect_selection"),
    )
    if criterion.has_childrens_parents and criterion.has_children:
        raise _Mistake("`childrens_parents` and `children` cannot be combined")
    return criterion


def _flag(definition: Mapping[str, Any], key: str) -> bool:
    value = definition.get(key, False)
    if isinstance(value, str):
        return value.lower() in ("true", "1", "yes")
    return bool(value)


def _depth(definition: Mapping[str, Any], key: str) -> int | None:
    value = definition.get(key)
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise _Mistake(f"`{key}` must be a whole number, not `{value}`") from None


def describe(spec: Spec) -> Any:
    """Return the normalised form that manifests store (SEL-72)."""
    if isinstance(spec, Criterion):
        return _describe_criterion(spec)
    if isinstance(spec, Difference):
        first, *rest = spec.parts
        described = describe(first)
        excluded = [describe(part) for part in rest]
        flat = excluded[0]["union"] if len(excluded) == 1 and "union" in excluded[0] else excluded
        if isinstance(described, dict) and "union" in described:
            return {"union": [*described["union"], {"exclude": flat}]}
        return {"union": [described, {"exclude": flat}]}
    name = "union" if isinstance(spec, Union) else "intersection"
    return {name: [describe(part) for part in spec.parts]}


def _describe_criterion(criterion: Criterion) -> dict[str, Any]:
    method = ".".join((criterion.method, *criterion.arguments))
    described: dict[str, Any] = {"method": method, "value": criterion.value}
    for key, value in (
        ("childrens_parents", criterion.has_childrens_parents),
        ("parents", criterion.has_parents),
        ("parents_depth", criterion.parents_depth),
        ("children", criterion.has_children),
        ("children_depth", criterion.children_depth),
    ):
        if value:
            described[key] = value
    return msgspec.to_builtins(described)  # type: ignore[no-any-return]
