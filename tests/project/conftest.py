"""A project directory that verbs are performed on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shop_project import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project with a seed, a view, a table, a test and an exposure; nothing is built."""
    return Shop(tmp_path)
