"""Versions are ordered and ranges allow as dbt's do (PROJ-48, PROJ-53)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.workspace.semver import (
    Version,
    allows,
    newest,
    parse_specifier,
    parse_version,
    precedence,
)

ORDERED = (
    "1.0.0-a1", "1.0.0", "1.1.0-1", "1.1.0-a1", "1.1.0-alpha", "1.1.0-alpha.1", "1.1.0-beta.2",
    "1.1.0-beta.10", "1.1.0-rc1", "1.1.0", "1.2.0-rc1", "1.10.0", "2.0.0",
)  # fmt: skip


def _version(text: str) -> Version:
    version = parse_version(text)
    assert version is not None
    return version


def test_order() -> None:
    versions = [_version(text) for text in ORDERED]
    shuffled = versions[::2] + versions[1::2]
    assert sorted(shuffled, key=precedence) == versions
    assert newest(versions) == versions[-1]


@pytest.mark.parametrize(
    ("specifier", "allowed"),
    [
        ("<1.1.0", ORDERED[:2]),
        ("<1.0.0", ()),
        ("<1.1.0-beta.3", ORDERED[:7]),
        ("<=1.1.0", ORDERED[:10]),
        (">1.1.0", ORDERED[10:]),
        (">=1.1.0-rc1", ORDERED[8:]),
        ("1.1.0", ("1.1.0",)),
        ("=1.1.0rc1", ("1.1.0-rc1",)),
        ("=1.1.0+build.5", ("1.1.0",)),
    ],
)
def test_ranges(specifier: str, allowed: tuple[str, ...]) -> None:
    parsed = parse_specifier(specifier)
    assert parsed is not None
    assert tuple(text for text in ORDERED if allows(parsed, _version(text))) == allowed


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0", "01.0.0", "1.0.0.1", "v1.0.0", "==1.0.0", "!=1.0.0", "~1.0.0", ">= 1.0.0",
     "1.0.0-a..b", ">=1.0.0,<2.0.0", "*"],
)  # fmt: skip
def test_what_is_no_version(text: str) -> None:
    assert parse_specifier(text) is None


def test_a_range_is_no_version() -> None:
    assert parse_version(">1.0.0") is None


_NUMBERS = st.integers(0, 30)
_PRERELEASES = st.lists(
    st.one_of(_NUMBERS.map(str), st.text("ab-", min_size=1, max_size=3)), max_size=3
).map(".".join)
VERSIONS = st.builds(
    Version, release=st.tuples(_NUMBERS, _NUMBERS, _NUMBERS), prerelease=_PRERELEASES
)


@given(VERSIONS, VERSIONS)
def test_one_of_two_versions_is_newer_or_they_are_alike(one: Version, other: Version) -> None:
    relations = [
        precedence(one) < precedence(other),
        precedence(one) > precedence(other),
        precedence(one) == precedence(other),
    ]
    assert relations.count(True) == 1


@given(VERSIONS)
def test_text_and_back(version: Version) -> None:
    assert parse_version(str(version)) == version
