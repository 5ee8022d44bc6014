"""Fixtures that any test may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.postgres_server import Server, ServerUnavailable, running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A real PostgreSQL server of this test session's own."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server())
        except ServerUnavailable as reason:
            pytest.skip(f"PostgreSQL is not available: {reason}")
        yield server
