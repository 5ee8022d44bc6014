"""Fixtures that any test may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import settings
from tests.postgres_server import Server, ServerUnavailable, running_server

# The same examples every time, and no deadline: a green commit stays green on a slower machine.
# `--hypothesis-profile=search` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def records_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the records of what tests build away from those of the person who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state-home")))
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A real PostgreSQL server of this test session's own."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server())
        except ServerUnavailable as reason:
            pytest.skip(f"PostgreSQL is not available: {reason}")
        yield server
