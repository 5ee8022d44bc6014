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


class FqnPattern:
    """A pattern for fqns, taken apart once: it is matched with every resource (SEL-15)."""

    __slots__ = ("_has_wildcard", "_parts", "_text", "_wild")

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts = text.split(".")
        self._has_wildcard = has_wildcard(text)
        self._wild = next(
            (at for at, part in enumerate(self._parts) if has_wildcard(part)), len(self._parts)
        )
        """Position of the first part with a wildcard."""

    def matches(self, fqn: tuple[str, ...], *, is_versioned: bool) -> bool:
        """Match a resource's fqn, with or without its package."""
        if self._matches_leaf(fqn, is_versioned=is_versioned):
            return True
        first = self._parts[0]
        if self._wild and first != fqn[0] and (len(fqn) == 1 or not fqn[1].startswith(first)):
            # Neither the package nor what follows it can begin the pattern.
            return "." in fqn[0] and self._matches_flat(fqn)
        return self._matches_flat(fqn)

    def _matches_flat(self, fqn: tuple[str, ...]) -> bool:
        flat = tuple(piece for part in fqn for piece in part.split("."))
        return self._matches_prefix(flat) or self._matches_prefix(flat[1:])

    def _matches_leaf(self, fqn: tuple[str, ...], *, is_versioned: bool) -> bool:
        text = self._text
        leaf = fqn[-1]
        if is_versioned:
            leaf = fqn[-2]
            if text in (leaf, f"{leaf}_{fqn[-1]}", f"{leaf}.{fqn[-1]}"):
                return True
        elif text == leaf:
            return True
        return self._has_wildcard and len(self._parts) == 1 and fnmatch(leaf, text)

    def _matches_prefix(self, fqn: tuple[str, ...]) -> bool:
        parts, wild = self._parts, self._wild
        if len(fqn) < len(parts) or list(fqn[:wild]) != parts[:wild]:
            return False
        return wild == len(parts) or fnmatch(".".join(fqn[wild:]), ".".join(parts[wild:]))


def glob_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a path glob (`**` crosses directories); it matches a path or any parent of it.

    What lies below the match is the group `below`, absent where the path itself matches.
    """
    pieces: list[str] = []
    for segment in pattern.strip("/").removeprefix("./").split("/"):
        if segment == "**":
            pieces.append(r"(?:[^/]+/)*")
        else:
            # fnmatch's translation would let `*` cross a slash.
            body = translate(segment).removeprefix("(?s:").removesuffix(r")\Z")
            pieces.append(body.replace(".*", "[^/]*") + "/")
    return re.compile("".join(pieces).rstrip("/") + r"(?P<below>/.*)?\Z", re.DOTALL)
