"""Declaring an option once: the struct field from which parser, help and schemas derive.

A request struct's field is `Annotated[type, option(...)]`. `options_of` reads the annotations;
the command line makes its parser from them, and other front doors their schemas.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """How a field is given on a command line and in the environment."""

    field: str
    flags: tuple[str, ...]
    """Spellings, long ones first; empty for a positional argument."""
    help: str
    kind: Literal["bool", "int", "str", "list", "mapping"]
    choices: tuple[str, ...] = ()
    env: str | None = None
    """Name behind `DBT_` / `DBT_ENGINE_` (CLI-3)."""
    is_negatable: bool = False
    """Has a `--no-...` form."""
    is_hidden: bool = False
    is_repeatable: bool = False
    """Given once it is a text, given several times a list of them."""
    metavar: str | None = None


def option(
    *flags: str,
    help: str,  # noqa: A002 - the word every command-line library uses
    env: str | None = None,
    choices: tuple[str, ...] = (),
    is_hidden: bool = False,
    is_plain: bool = False,
    is_repeatable: bool = False,
    metavar: str | None = None,
) -> msgspec.Meta:
    """Describe a field. `is_plain` marks a switch without a `--no-...` form."""
    return msgspec.Meta(
        description=help,
        extra={
            "flags": flags,
            "env": env,
            "choices": choices,
            "is_hidden": is_hidden,
            "is_plain": is_plain,
            "is_repeatable": is_repeatable,
            "metavar": metavar,
        },
    )


def options_of(struct: type[msgspec.Struct]) -> tuple[Option, ...]:
    """Return the options a struct declares, in order; fields without an annotation are skipped."""
    hints: dict[str, Any] = {}
    for parent in reversed(struct.__mro__):
        hints.update(parent.__dict__.get("__annotations__", {}))  # noqa: RUF063 - 3.11
    return tuple(
        _option(name, hints[name])
        for name in struct.__struct_fields__
        if get_origin(hints[name]) is Annotated
    )


def _option(name: str, hint: Any) -> Option:
    inner, meta = get_args(hint)[:2]
    extra = meta.extra or {}
    kind = _kind(inner)
    return Option(
        field=name,
        flags=extra["flags"],
        help=meta.description or "",
        kind=kind,
        choices=extra["choices"],
        env=extra["env"],
        is_negatable=kind == "bool" and not extra["is_plain"],
        is_hidden=extra["is_hidden"],
        is_repeatable=extra["is_repeatable"],
        metavar=extra["metavar"],
    )


def _kind(inner: Any) -> Literal["bool", "int", "str", "list", "mapping"]:
    plain = inner
    if get_origin(inner) in (Union, types.UnionType):
        plain = next(part for part in get_args(inner) if part is not type(None))
    if plain is bool:
        return "bool"
    if plain is int:
        return "int"
    origin = get_origin(plain)
    if origin is tuple:
        return "list"
    if origin is not None and origin is not Literal:
        return "mapping"
    return "str"
