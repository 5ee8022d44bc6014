"""Which dbt versions a project says it works with (PROJ-22)."""

from __future__ import annotations

from upriver.workspace import semver
from upriver.workspace.semver import Specifier


def parse_specifier(text: str) -> Specifier | None:
    """Read one requirement such as `>=1.6.0`, which may have spaces; None when it is not one."""
    return semver.parse_specifier(text.replace(" ", ""))


def allows(specifier: Specifier, version: str) -> bool:
    """Whether a version fulfils one requirement."""
    parsed = semver.parse_version(version)
    return True if parsed is None else semver.allows(specifier, parsed)


def supports(requirements: tuple[str, ...], version: str) -> bool:
    """Whether a version fulfils all requirements that can be read."""
    specifiers = (parse_specifier(text) for text in requirements)
    return all(allows(specifier, version) for specifier in specifiers if specifier is not None)
