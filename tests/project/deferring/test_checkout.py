"""A checkout that is behind the state is told so (defect D10)."""

from __future__ import annotations

import subprocess

import pytest
from tests.cli.shop_project import Said, Shop

CODE = "state-newer-than-checkout"


def git(shop: Shop, *args: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "-C", str(shop.root), *who, *args], capture_output=True, check=True)


@pytest.fixture
def published(shop: Shop) -> Shop:
    """Production is built from the second of two commits."""
    shop.write({".gitignore": "target\nlogs\npublished\n*.duckdb\n"})
    git(shop, "init", "-q", "-b", "main")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "one")
    shop.write({"models/new.sql": "select 1 as k"})
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "two")
    assert shop("build", "--target", "prod", "--target-path", "published").exit_code == 0
    return shop


def deferring(shop: Shop) -> Said:
    said = shop("run", "-s", "orders", "--defer", "--state", "published")
    assert said.exit_code == 0, said.out
    return said


def test_only_a_checkout_that_is_behind_is_told(published: Shop) -> None:
    assert CODE not in deferring(published).out
    git(published, "checkout", "-q", "HEAD~1")
    for _ in range(2):
        assert CODE in deferring(published).out
    published.write({"models/mine.sql": "select 2 as k"})
    git(published, "add", "-A")
    git(published, "commit", "-q", "-m", "mine")
    assert CODE not in deferring(published).out
