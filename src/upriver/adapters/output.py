"""Reading one output of `profiles.yml`: keys, their types, and everything wrong with them.

An adapter declares its keys as a table of `Field`; `read_output` checks an output against it and
reports every mistake at once. Keys the table does not know are ignored, as dbt ignores them
(PROJ-42), with a warning where one is a known key misspelt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from upriver.problems import Problem, Span
from upriver.resources.nearest import misspelt, nearest

FieldKind = Literal["text", "integer", "boolean", "list", "mapping", "any"]

_ARTICLES: dict[FieldKind, str] = {
    "text": "a string",
    "integer": "an integer",
    "boolean": "true or false",
    "list": "a list",
    "mapping": "a mapping",
    "any": "a value",
}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One key of an output."""

    kind: FieldKind = "text"
    default: Any = None
    is_required: bool = False


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """The output that is being read."""

    profile: str
    target: str

    def span(self, *keys: str) -> Span:
        """Return the place of a key of the output."""
        return Span(file="profiles.yml", keys=(self.profile, "outputs", self.target, *keys))

    def __str__(self) -> str:
        return f"target `{self.target}` of profile `{self.profile}`"


def read_output(
    output: Mapping[str, Any],
    fields: Mapping[str, Field],
    aliases: Mapping[str, str],
    where: Where,
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return a value for every field (its default where absent or wrong), and the problems."""
    given, problems = _without_aliases(output, aliases, where)
    values: dict[str, Any] = {}
    for key, field in fields.items():
        values[key] = field.default
        raw = given.get(key)
        if raw is None:
            if field.is_required:
                problems.append(_missing(key, given, fields, where))
            continue
        value = _convert(raw, field.kind)
        if value is None:
            problems.append(_wrong_type(key, raw, field.kind, where))
        else:
            values[key] = value
    problems.extend(_misspelt(given, fields, where))
    return values, tuple(problems)


def _misspelt(
    given: Mapping[str, Any], fields: Mapping[str, Field], where: Where
) -> list[Problem]:
    """Warn of keys that are ignored and look like one that is not."""
    problems: list[Problem] = []
    for key in given.keys() - fields.keys() - {"type"}:
        near = misspelt(key, fields)
        if near is not None and near not in given:
            problems.append(
                Problem(
                    code="credential-unknown",
                    severity="warning",
                    message=f"`{key}` in {where} is no key of this kind of warehouse, and has no"
                    " effect",
                    span=where.span(key),
                    hint=f"Did you mean `{near}`?",
                )
            )
    return problems


def _without_aliases(
    output: Mapping[str, Any], aliases: Mapping[str, str], where: Where
) -> tuple[dict[str, Any], list[Problem]]:
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in output.items():
        name = aliases.get(key, key)
        if name in given:
            problems.append(
                Problem(
                    code="credential-duplicate",
                    message=f"{where} gives `{name}` twice, once as `{key}`",
                    span=where.span(key),
                    hint=f"keep only `{name}`",
                )
            )
        given[name] = value
    return given, problems


def _convert(raw: Any, kind: FieldKind) -> Any:
    """Return the value as the kind wants it, or None.

    A number where text is wanted, and digits where a number is wanted, are what `env_var` and
    native rendering make of a profile; both are taken for what they mean.
    """
    match kind:
        case "text" if isinstance(raw, int | float) and not isinstance(raw, bool):
            return str(raw)
        case "text":
            return raw if isinstance(raw, str) else None
        case "integer" if isinstance(raw, str) and raw.strip().isdecimal():
            return int(raw)
        case "integer":
            return raw if isinstance(raw, int) and not isinstance(raw, bool) else None
        case "boolean" if isinstance(raw, str) and raw.lower() in {"true", "false"}:
            return raw.lower() == "true"
        case "boolean":
            return raw if isinstance(raw, bool) else None
        case "list":
            return list(raw) if isinstance(raw, list | tuple) else None
        case "mapping":
            return dict(raw) if isinstance(raw, Mapping) else None
        case "any":
            return raw


def _missing(
    key: str, given: Mapping[str, Any], fields: Mapping[str, Field], where: Where
) -> Problem:
    unknown = [name for name in given if name not in fields and name != "type"]
    near = nearest(key, unknown)
    return Problem(
        code="credential-missing",
        message=f"{where} has no `{key}`",
        span=where.span(near) if near else where.span(),
        hint=f"`{near}` is not a key; write `{key}`" if near else f"add `{key}` to the output",
    )


def _wrong_type(key: str, raw: Any, kind: FieldKind, where: Where) -> Problem:
    # The value itself may be a secret, so only its type is named.
    return Problem(
        code="credential-invalid",
        message=f"`{key}` in {where} must be {_ARTICLES[kind]}, not {type(raw).__name__}",
        span=where.span(key),
    )
