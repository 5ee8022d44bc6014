"""Warehouses that cannot be reached or are held by others."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.cli.shop_project import Shop

HOLD = """
import duckdb, sys
connection = duckdb.connect("shop.duckdb")
print("held", flush=True)
sys.stdin.read()
"""
DOWN = (
    "{type: postgres, host: 127.0.0.1, port: 1, user: u, password: hidden1, dbname: d, schema: s}"
)


def test_a_file_that_another_process_holds(shop: Shop) -> None:
    shop("seed", "-q")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=shop.root, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        said = shop("run")
        assert said.exit_code == 2
        assert "is locked by another process" in said.out
        assert f"process id {process.pid}" in said.out
        # What needs no warehouse works all the same.
        assert shop("ls", "-q", "-s", "orders").out == "shop.orders\n"
        process.communicate()
    assert shop("run").exit_code == 0


@pytest.mark.parametrize("args", [("run",), ("seed",), ("run", "--defer", "--state", "s")])
def test_a_server_that_is_down(shop: Shop, args: tuple[str, ...]) -> None:
    shop.write({"profiles.yml": f"shop: {{target: dev, outputs: {{dev: {DOWN}}}}}"})
    shop("parse", "-q", "--target-path", "s")
    said = shop(*args)
    assert said.exit_code == 2
    assert "Connection refused" in said.out
    assert "Traceback" not in said.out
    assert "hidden1" not in said.out


def test_an_adapter_that_is_not_there(shop: Shop) -> None:
    shop.write({"profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdbb, schema: s}}}"})
    said = shop("ls")
    assert said.exit_code == 2
    assert "did you mean `duckdb`" in said.err.lower()
