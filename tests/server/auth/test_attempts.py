"""Failed sign-ins are counted over all server processes together, not one by one (S-23)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update
from tests.server.conftest import new_database
from tests.server_process import Served, running_serve

from upriver.server.db.session import Database
from upriver.server.db.tables import audit_events
from upriver.server.moments import now

MOST = 5
ENV = {
    "UPRIVER_SERVER_LIMIT_SIGN_INS_PER_MINUTE": str(MOST),
    "UPRIVER_SERVER_KEY": "ab" * 32,
}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def two(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Served, Served, Database]]:
    """Two servers of one database."""
    address = f"sqlite:///{tmp_path / 'server.db'}"
    if request.param == "postgres":
        address = new_database(request.getfixturevalue("postgres_server"))
    options = ["--database", address, "--objects", str(tmp_path / "objects"), "--runs", "0"]
    with (
        running_serve(tmp_path / "one", options=options, env=ENV) as first,
        running_serve(tmp_path / "two", options=options, env=ENV) as second,
    ):
        database = Database(address)
        yield first, second, database
        database.close()


def _try(served: Served, user: str, password: str) -> int:
    with served.client("") as api:
        form = {"email": user, "password": password}
        origin = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
        return api.post("/sign-in", data=form, headers=origin).status_code


def test_attempts_are_counted_over_processes(two: tuple[Served, Served, Database]) -> None:
    first, second, database = two
    guesses = [(first, f"guess {n}") for n in range(2 * MOST)]
    guesses += [(second, f"guess {n}") for n in range(2 * MOST)]
    with ThreadPoolExecutor(8) as pool:
        statuses = [*pool.map(lambda each: _try(each[0], first.user, each[1]), guesses)]
    # However the attempts meet, no more are looked at than one process would have.
    assert sorted({*statuses}) == [401, 429]
    assert statuses.count(401) == MOST
    # Somebody else from the same address waits as well, and so does the right password.
    assert _try(second, "other@example.com", "x") == 429
    assert _try(second, first.user, first.password) == 429
    with database.reading() as connection:
        failed = select(audit_events).where(audit_events.c.event == "login.password.failed")
        assert len(connection.execute(failed).all()) == MOST


def test_what_a_clock_wrote_that_was_wrong_locks_nobody_out(tmp_path: Path) -> None:
    with running_serve(tmp_path / "data", env=ENV) as served:
        for _ in range(MOST):
            assert _try(served, served.user, "wrong") == 401
        assert _try(served, served.user, served.password) == 429
    database = Database(f"sqlite:///{tmp_path / 'data' / 'server.db'}")
    with database.writing() as connection:
        later = now() + datetime.timedelta(days=1)
        connection.execute(update(audit_events).values(at=later))
    database.close()
    # Another process, whose own counters are empty.
    with running_serve(tmp_path / "data", env=ENV) as again:
        assert _try(again, served.user, served.password) == 303


def test_a_refusal_says_when_to_come_back(tmp_path: Path) -> None:
    with running_serve(tmp_path / "data", env=ENV) as served, served.client("") as api:
        origin = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
        form = {"email": served.user, "password": "wrong"}
        answers: list[httpx.Response] = [
            api.post("/sign-in", data=form, headers=origin) for _ in range(MOST + 1)
        ]
    assert answers[-1].status_code == 429
    assert re.fullmatch(r"[1-9]\d?", answers[-1].headers["retry-after"])
