"""Read YAML quickly, meaning exactly what PyYAML's safe loader would have made of it (PROJ-33).

A Rust parser of YAML 1.2 reads the texts that provably mean the same in YAML 1.1, which is nearly
all of them, at about five times the speed. Everything else, every error included, is PyYAML's.
"""

from __future__ import annotations

from typing import Any

import msgspec
from yaml12 import parse_yaml

from upriver.problems import Problem
from upriver.workspace.yaml_reading.guard import is_plain, may_repeat_keys


class Yaml(msgspec.Struct, frozen=True, kw_only=True):
    """A document and what was wrong with its text."""

    value: Any = None
    """None for an empty document and for one that could not be read."""
    problems: tuple[Problem, ...] = ()


def load_yaml(text: str, file: str = "") -> Yaml:
    """Load one document; `file` is named in problems."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if is_plain(text):
        try:
            # Asked for one document only, the parser would not look at what follows it.
            documents = parse_yaml(text, multi=True)
        except ValueError:
            return _load_exactly(text, file)
        if _is_one_collection(documents) and not may_repeat_keys(text, documents[0]):
            return Yaml(value=documents[0])
    return _load_exactly(text, file)


def _is_one_collection(documents: list[Any]) -> bool:
    return len(documents) == 1 and isinstance(documents[0], dict | list)


def _load_exactly(text: str, file: str) -> Yaml:
    # PyYAML takes 15 ms to load, and most projects never need it.
    from upriver.workspace.yaml_reading.exact import load_exactly

    value, problems = load_exactly(text, file)
    return Yaml(value=value, problems=problems)
