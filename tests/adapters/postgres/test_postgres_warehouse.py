"""Connecting to a real server, and what is said when that fails."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.postgres_server import Server

from upriver.adapters.contract import OpenWarehouse
from upriver.adapters.postgres import warehouse as module
from upriver.adapters.postgres.adapter import adapter
from upriver.problems import WarehouseError

pytestmark = pytest.mark.postgres


@contextmanager
def opened(server: Server, **overrides: Any) -> Iterator[OpenWarehouse]:
    credentials, problems = adapter.parse_credentials(
        server.output(**overrides), profile="p", target="t", root="."
    )
    assert credentials is not None, problems
    warehouse = adapter.open(credentials)
    try:
        yield warehouse
    finally:
        warehouse.close()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"password": "wr0ng-word"}, "password authentication failed"),
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
        ({"role": "no_such_role"}, 'role "no_such_role" does not exist'),
        ({"sslmode": "require"}, "SSL"),
    ],
)
def test_a_refused_connection_says_where_and_why_and_no_password(
    postgres_server: Server, overrides: dict[str, Any], words: str
):
    with (
        opened(postgres_server, retries=0, **overrides) as warehouse,
        pytest.raises(WarehouseError, match=words) as caught,
    ):
        warehouse.connect("w")
    told = f"{caught.value!r} {caught.value.__context__!r}"
    assert overrides.get("password", postgres_server.password) not in told


def test_a_connection_nobody_answers_is_tried_again(
    postgres_server: Server, monkeypatch: pytest.MonkeyPatch
):
    pauses: list[float] = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with (
            opened(postgres_server, port=port, retries=2) as warehouse,
            pytest.raises(WarehouseError, match=rf"127\.0\.0\.1:{port}/postgres` as `tester`"),
        ):
            warehouse.connect("w")
    assert pauses == [1, 2]


def test_the_session_is_as_the_profile_says(postgres_server: Server):
    overrides = {"search_path": "shop, public", "application_name": "loop", "keepalives_idle": 7}
    with opened(postgres_server, role="pg_monitor", **overrides) as warehouse:
        sql = (
            "select current_setting('search_path'), current_setting('application_name'), "
            "current_user, session_user"
        )
        rows = warehouse.connect("w").execute(sql, fetch=True).rows
        assert rows == (("shop, public", "loop", "pg_monitor", "tester"),)


def test_closing_the_warehouse_ends_what_is_running(postgres_server: Server):
    with opened(postgres_server) as warehouse:
        connection = warehouse.connect("w")
        connection.begin()
        assert connection.in_transaction
        warehouse.close()
        assert not connection.in_transaction


def test_a_missing_driver_is_said_with_the_remedy(
    postgres_server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        opened(postgres_server) as warehouse,
        pytest.raises(WarehouseError, match=r"pip install upriver\[postgres\]"),
    ):
        warehouse.connect("w")
