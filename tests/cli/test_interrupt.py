"""Stopping a command from the outside, and losing its connection, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.shop_project import Shop, command
from tests.postgres_server import Server

DUCKDB_SLOW = "select sum(a.range * b.range) as n from range(4000000) a, range(400000) b"
POSTGRES_SLOW = "select pg_sleep(60)::text as n"
FILES = {
    "models/quick.sql": "{{ config(materialized='table') }} select 1 as n",
    "models/later.sql": "select * from {{ ref('slow') }}",
}


def slow_shop(root: Path, sql: str) -> Shop:
    body = f"{{{{ config(materialized='table') }}}} {sql} -- {{{{ ref('quick') }}}}"
    return Shop(root, {**FILES, "models/slow.sql": body})


def start(shop: Shop, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*args), cwd=shop.root, env={**shop.env}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def read_until(process: subprocess.Popen[str], text: str) -> list[str]:
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        if text in line:
            return seen
    pytest.fail(f"ended without `{text}`: {''.join(seen)}")


def end(process: subprocess.Popen[str]) -> str:
    begun = time.monotonic()
    out, _ = process.communicate(timeout=30)
    assert time.monotonic() - begun < 15
    return out


def assert_interrupted(shop: Shop, process: subprocess.Popen[str], out: str) -> None:
    assert process.returncode == 1
    assert "Traceback" not in out
    assert "Interrupted: running statements were cancelled" in out
    assert "Done. PASS=1 WARN=0 ERROR=1 SKIP=1 NO-OP=0 TOTAL=3" in out
    assert shop.statuses() == {
        "model.shop.quick": "success",
        "model.shop.slow": "error",
        "model.shop.later": "skipped",
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_cancels_reports_and_can_be_retried(tmp_path: Path, number: int) -> None:
    shop = slow_shop(tmp_path, DUCKDB_SLOW)
    process = start(shop, "run")
    read_until(process, "START sql table model dev.slow")
    time.sleep(0.5)
    process.send_signal(number)
    assert_interrupted(shop, process, end(process))
    shop.write({"models/slow.sql": "select * from {{ ref('quick') }}"})
    said = shop("retry")
    assert said.exit_code == 0, said.out
    assert shop.statuses() == {"model.shop.slow": "success", "model.shop.later": "success"}


def test_a_second_ctrl_c_waits_for_nothing(tmp_path: Path) -> None:
    shop = slow_shop(tmp_path, DUCKDB_SLOW)
    process = start(shop, "run")
    read_until(process, "START sql table model dev.slow")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    end(process)
    # The first may have been dealt with before the second arrived.
    assert process.returncode in (130, 1)


def test_ctrl_c_on_postgres(tmp_path: Path, postgres_server: Server) -> None:
    shop = postgres_shop(tmp_path, postgres_server, "interrupted")
    process = start(shop, "run")
    read_until(process, "START sql table model interrupted.slow")
    wait_for_query(postgres_server)
    process.send_signal(signal.SIGINT)
    assert_interrupted(shop, process, end(process))
    assert ask(postgres_server, RUNNING) == []


def test_a_lost_connection_is_an_error_of_its_step(
    tmp_path: Path, postgres_server: Server
) -> None:
    shop = postgres_shop(tmp_path, postgres_server, "lost")
    process = start(shop, "run")
    read_until(process, "START sql table model lost.slow")
    wait_for_query(postgres_server)
    ask(postgres_server, f"select pg_terminate_backend(pid) from ({RUNNING}) as slow")
    out = end(process)
    assert process.returncode == 1
    assert "Traceback" not in out
    assert "Failure in model slow (models/slow.sql)" in out
    assert shop.statuses()["model.shop.later"] == "skipped"
    shop.write({"models/slow.sql": "select * from {{ ref('quick') }}"})
    assert shop("retry").exit_code == 0


RUNNING = (
    "select pid from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active'"
    " and pid <> pg_backend_pid()"
)


def postgres_shop(root: Path, server: Server, schema: str) -> Shop:
    shop = slow_shop(root, POSTGRES_SLOW)
    output = server.output(schema=schema, threads=2)
    profile = {"shop": {"target": "dev", "outputs": {"dev": output}}}
    shop.write({"profiles.yml": msgspec.json.encode(profile).decode()})
    return shop


def wait_for_query(server: Server) -> None:
    wait_until(lambda: ask(server, RUNNING))


def wait_until(holds: Callable[[], Any]) -> None:
    for _ in range(100):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("the statement was not seen on the server")


def ask(server: Server, sql: str) -> list[Any]:
    import psycopg  # loaded only where there is a server

    place = {k: getattr(server, k) for k in ("host", "port", "user", "password")}
    with psycopg.connect(**place, dbname=server.database, autocommit=True) as connection:
        return connection.execute(sql).fetchall()
