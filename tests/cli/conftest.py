"""A project directory that commands are run in."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shop_project import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project with a seed, a view, a table, a test and an exposure; nothing is built."""
    return Shop(tmp_path)
