"""Of several processes one does what is to be done once, until it ends, however it ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.server.conftest import new_database

from upriver.server.db.alone import Alone
from upriver.server.db.session import Database

HOLDER = """
import sys
from upriver.server.db.alone import Alone
from upriver.server.db.session import Database
print(Alone(Database(sys.argv[1]), "work", 77).is_mine(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'server.db'}"
    else:
        yield new_database(request.getfixturevalue("postgres_server"))


def _hold(address: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", HOLDER, address]
    return subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip


def test_one_has_it_until_it_is_killed(address: str) -> None:
    database = Database(address)
    mine, other = Alone(database, "work", 77), Alone(database, "other", 78)
    with _hold(address) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not mine.is_mine()
        assert other.is_mine()
        holder.kill()
    assert mine.is_mine()
    assert mine.is_mine()
    with _hold(address) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "False\n"
        holder.kill()
    mine.end()
    with _hold(address) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        holder.kill()
    other.end()
    database.close()


@pytest.mark.postgres
def test_a_session_that_is_cut_off_is_not_believed(
    request: pytest.FixtureRequest,
) -> None:
    database = Database(new_database(request.getfixturevalue("postgres_server")))
    mine, other = Alone(database, "work", 77), Alone(database, "work", 77)
    assert mine.is_mine()
    assert not other.is_mine()
    with database.writing() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert other.is_mine()
    assert not mine.is_mine()
    mine.end()
    other.end()
    database.close()
