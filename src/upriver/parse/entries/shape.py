"""Shapes of YAML entries: which keys there are, and what each must hold.

A shape is a plain table. Entries are read by walking over the keys that are written, so that a
property file costs a look-up per key and nothing per key that could have been there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Rule(msgspec.Struct, frozen=True):
    """What one key must hold."""

    types: tuple[type, ...]
    words: str
    """Completes "must be ..."."""
    field: str | None = None
    """Name of the value among the read ones, where it differs from the key's."""


Shape = Mapping[str, Rule]

_NONE = type(None)

TEXT = Rule((str,), "text")
OPTIONAL_TEXT = Rule((str, _NONE), "text")
MAPPING = Rule((dict,), "a mapping")
OPTIONAL_MAPPING = Rule((dict, _NONE), "a mapping")
LIST = Rule((list,), "a list")
OPTIONAL_LIST = Rule((list, _NONE), "a list")
OPTIONAL_BOOLEAN = Rule((bool, _NONE), "`true` or `false`")
TEXT_OR_LIST = Rule((str, list, _NONE), "text or a list of texts")
ANYTHING = Rule((object,), "anything")


def called(rule: Rule, field: str) -> Rule:
    """Return the rule under another field name."""
    return Rule(rule.types, rule.words, field)


def type_words(value: Any) -> str:
    """Say what a value is, in words of YAML."""
    match value:
        case None:
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case str():
            return f"the text `{_short(value)}`"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"`{value}`, which YAML takes for a {type(value).__name__}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 # what fits a message
