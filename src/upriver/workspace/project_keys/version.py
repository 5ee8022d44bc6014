"""Which dbt versions a project says it works with (PROJ-22)."""

from __future__ import annotations

import re

_SPECIFIER = re.compile(
    r"\s*(?P<operator>>=|<=|>|<|=)?\s*(?P<release>\d+\.\d+\.\d+)"
    r"(?P<suffix>-?(?:a|b|rc|alpha|beta|pre|dev)[\w.-]*|-[\w.-]+)?(?:\+[\w.-]+)?\s*"
)

Specifier = tuple[str, tuple[int, ...], str]
"""Operator, release numbers, pre-release suffix (empty for a release)."""


def parse_specifier(text: str) -> Specifier | None:
    """Read one requirement such as `>=1.6.0`; None when it is not one."""
    match = _SPECIFIER.fullmatch(text)
    if match is None:
        return None
    release = tuple(int(part) for part in match["release"].split("."))
    return match["operator"] or "=", release, match["suffix"] or ""


def allows(specifier: Specifier, version: str) -> bool:
    """Whether a version fulfils one requirement."""
    parsed = parse_specifier(version)
    if parsed is None:
        return True
    operator, release, suffix = specifier
    ours = _order(parsed[1], parsed[2])
    wanted = _order(release, suffix)
    return {
        ">": ours > wanted,
        ">=": ours >= wanted,
        "<": ours < wanted,
        "<=": ours <= wanted,
        "=": ours == wanted,
    }[operator]


def _order(release: tuple[int, ...], suffix: str) -> tuple[tuple[int, ...], bool, str]:
    # A pre-release comes before its release.
    return release, not suffix, suffix
