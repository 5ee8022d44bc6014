"""Version requirements (PROJ-22)."""

from __future__ import annotations

import pytest

from upriver.workspace.project_keys.version import allows, parse_specifier


@pytest.mark.parametrize(
    ("specifier", "version", "is_allowed"),
    [
        (">=1.6.0", "1.11.16", True),
        ("1.11.16", "1.11.16", True),
        ("=1.11.15", "1.11.16", False),
        ("<1.11.16", "1.11.16", False),
        ("<=1.11.16", "1.11.16", True),
        (">1.9.9", "1.11.16", True),
        (">=1.12.0-rc1", "1.12.0", True),
        (">1.12.0-rc1", "1.12.0-b1", False),
        (">=2.0.0", "unknown", True),
    ],
)
def test_requirements(specifier: str, version: str, *, is_allowed: bool) -> None:
    parsed = parse_specifier(specifier)
    assert parsed is not None
    assert allows(parsed, version) is is_allowed


@pytest.mark.parametrize("text", ["", "1.6", ">=1.6", "foo", ">= 1.6.x", "=>1.6.0"])
def test_what_is_no_requirement(text: str) -> None:
    assert parse_specifier(text) is None
