"""Versions of packages and of dbt, and the ranges that are asked for (PROJ-22, PROJ-48, PROJ-53).

The rules are those of Semantic Versioning with two of dbt's own. The hyphen before a pre-release may
be left out (`1.0.0rc1`), and `<1.1.0` does not mean the pre-releases of 1.1.0, which come before it.
Libraries for Python's versions or for strict ones know neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    r"(?P<operator>>=|<=|>|<|=)?"
    r"(?P<major>0|[1-9]\d*)\.(?P<minor>0|[1-9]\d*)\.(?P<patch>0|[1-9]\d*)"
    rf"(?:-?(?P<prerelease>{_IDENTIFIERS}))?(?:\+(?P<build>{_IDENTIFIERS}))?"
)
_Precedence = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version."""

    release: tuple[int, int, int]
    prerelease: str = ""
    build: str = ""

    def __str__(self) -> str:
        text = ".".join(map(str, self.release))
        text += f"-{self.prerelease}" if self.prerelease else ""
        return f"{text}+{self.build}" if self.build else text


class Specifier(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement: an operator and a version."""

    operator: str
    version: Version

    def __str__(self) -> str:
        return f"{self.operator}{self.version}"


def parse_version(text: str) -> Version | None:
    """Read `1.2.3`, `1.2.3-rc.1+build`; None when it is none."""
    parsed = parse_specifier(text)
    if parsed is None or not text[:1].isdigit():
        return None
    return parsed.version


def parse_specifier(text: str) -> Specifier | None:
    """Read `>=1.2.3`, or a bare version, which means that one; None when it is neither."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    version = Version(
        release=(int(match["major"]), int(match["minor"]), int(match["patch"])),
        prerelease=match["prerelease"] or "",
        build=match["build"] or "",
    )
    return Specifier(operator=match["operator"] or "=", version=version)


def precedence(version: Version) -> _Precedence:
    """Return what versions are ordered by; the build does not count."""
    identifiers = version.prerelease.split(".") if version.prerelease else []
    # Numbers come before words, and a pre-release before its release.
    parts = tuple((not i.isdigit(), int(i) if i.isdigit() else 0, i) for i in identifiers)
    return version.release, not version.prerelease, parts


def allows(specifier: Specifier, version: Version) -> bool:
    """Whether a version fulfils one requirement."""
    ours, wanted = precedence(version), precedence(specifier.version)
    match specifier.operator:
        case ">":
            return ours > wanted
        case ">=":
            return ours >= wanted
        case "<=":
            return ours <= wanted
        case "<":
            is_prerelease_of_it = (
                not specifier.version.prerelease and version.release == specifier.version.release
            )
            return ours < wanted and not is_prerelease_of_it
        case _:
            return ours == wanted


def newest(versions: Iterable[Version]) -> Version | None:
    """Return the highest version; of equal ones, the one without a build."""
    return max(
        versions, key=lambda version: (precedence(version), not version.build), default=None
    )
