"""Text patterns of selection: shell wildcards, dotted names, file globs (SEL-12, SEL-36)."""

from __future__ import annotations

import re
from fnmatch import fnmatch, translate

_WILDCARDS = frozenset("*?[]")


def has_wildcard(text: str) -> bool:
    """Whether the text holds a shell wildcard."""
    return any(character in _WILDCARDS for character in text)


def wildcard_match(name: str | None, pattern: str) -> bool:
    """Match a name with shell wildcards, after dbt's use of `fnmatch`."""
    return name is not None and fnmatch(name, pattern)


def fqn_match(fqn: tuple[str, ...], pattern: str, *, is_versioned: bool) -> bool:
    """Match a pattern with a resource's fqn, with or without its package (SEL-15)."""
    if _leaf_match(fqn, pattern, is_versioned=is_versioned):
        return True
    flat = tuple(piece for part in fqn for piece in part.split("."))
    parts = pattern.split(".")
    return _prefix_match(flat, parts) or _prefix_match(flat[1:], parts)


def _leaf_match(fqn: tuple[str, ...], pattern: str, *, is_versioned: bool) -> bool:
    leaves = (
        (fqn[-2], f"{fqn[-2]}_{fqn[-1]}", f"{fqn[-2]}.{fqn[-1]}") if is_versioned else fqn[-1:]
    )
    if pattern in leaves:
        return True
    if "." in pattern or not has_wildcard(pattern):
        return False
    return fnmatch(leaves[0], pattern)


def _prefix_match(fqn: tuple[str, ...], parts: list[str]) -> bool:
    if len(fqn) < len(parts):
        return False
    for index, part in enumerate(parts):
        if has_wildcard(part):
            return fnmatch(".".join(fqn[index:]), ".".join(parts[index:]))
        if fqn[index] != part:
            return False
    return True


def glob_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a path glob (`**` crosses directories); it matches a path or any parent of it."""
    pieces: list[str] = []
    for segment in pattern.strip("/").removeprefix("./").split("/"):
        if segment == "**":
            pieces.append(r"(?:[^/]+/)*")
        else:
            # fnmatch's translation would let `*` cross a slash.
            body = translate(segment).removeprefix("(?s:").removesuffix(r")\Z")
            pieces.append(body.replace(".*", "[^/]*") + "/")
    return re.compile("".join(pieces).rstrip("/") + r"(?:/.*)?\Z", re.DOTALL)
