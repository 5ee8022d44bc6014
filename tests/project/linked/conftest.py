"""A project that is linked to a server, with production built once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.project.linked_shop import LinkedShop, build_production, linked


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("production")
    build_production(root)
    return root


@pytest.fixture
def linked_shop(tmp_path: Path, production: Path) -> Iterator[LinkedShop]:
    with linked(tmp_path, production) as found:
        yield found
