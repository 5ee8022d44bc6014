"""Read YAML quickly, meaning exactly what PyYAML's safe loader would have made of it (PROJ-33).

A Rust parser of YAML 1.2 reads the texts that provably mean the same in YAML 1.1, which is nearly
all of them, at about five times the speed. Everything else, every error included, is PyYAML's.
"""

from __future__ import annotations

from typing import Any

import msgspec
from yaml12 import parse_yaml

from upriver.problems import Problem
from upriver.workspace.yaml_reading.guard import count_keys, is_plain, may_repeat_keys

_LEAST, _MOST = -(2**63), 2**64 - 1
"""What artifacts and remembered values can hold."""


class Yaml(msgspec.Struct, frozen=True, kw_only=True):
    """A document and what was wrong with its text."""

    value: Any = None
    """None for an empty document and for one that could not be read."""
    problems: tuple[Problem, ...] = ()
    is_textual: bool = False
    """Whether the value is known to be what `with_text_keys` would make of it."""


def load_yaml(text: str, file: str = "") -> Yaml:
    """Load one document; `file` is named in problems."""
    # dbt strips files: a block of text that ends one has no newline at its end.
    text = text.rstrip()
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if is_plain(text):
        try:
            # Asked for one document only, the parser would not look at what follows it.
            documents = parse_yaml(text, multi=True)
        except ValueError:
            return _load_exactly(text, file)
        if _is_one_collection(documents):
            count, names = count_keys(documents[0])
            if not may_repeat_keys(text, count):
                # A plain text has no numbers of more than 16 digits.
                is_textual = all(type(name) is str for name in names)
                return Yaml(value=documents[0], is_textual=is_textual)
    return _load_exactly(text, file)


def with_text_keys(value: Any) -> Any:
    """Return a document whose keys are text, as artifacts hold them: `2020:` becomes `"2020":`.

    So do numbers of more than 64 bits, which are identifiers and not quantities.
    """
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else _text_key(key): with_text_keys(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [with_text_keys(item) for item in value]
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return str(value)
    return value


def _text_key(key: Any) -> str:
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key)


def _is_one_collection(documents: list[Any]) -> bool:
    return len(documents) == 1 and isinstance(documents[0], dict | list)


def _load_exactly(text: str, file: str) -> Yaml:
    # PyYAML takes 15 ms to load, and most projects never need it.
    from upriver.workspace.yaml_reading.exact import load_exactly

    value, problems = load_exactly(text, file)
    return Yaml(value=value, problems=problems)
