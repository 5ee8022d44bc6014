"""A small project on DuckDB, and running the command line on it inside this process."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from upriver.cli.invoke import InvokeResult, invoke

PROJECT = """\
name: shop
version: "1.0"
profile: shop
"""
PROFILE = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: dev, threads: 1}
    prod: {type: duckdb, path: shop.duckdb, schema: prod, threads: 1}
"""
MODELS = {
    "models/orders.sql": "select id, customer from {{ ref('raw') }}",
    "models/customers.sql": (
        "{{ config(materialized='table') }}"
        "select customer, count(*) as n from {{ ref('orders') }} group by all"
    ),
    "models/models.yml": """\
models:
  - name: customers
    columns:
      - name: customer
        data_tests: [unique]
exposures:
  - name: board
    type: dashboard
    owner: {email: a@b.c}
    depends_on: [ref('customers')]
""",
    "seeds/raw.csv": "id,customer\n1,Ada\n2,Grace\n3,Ada\n",
    "macros/hello.sql": (
        "{% macro hello(who='x') %}{{ print('hello ' ~ who) }}{{ log('logged', info=true) }}"
        "{% endmacro %}\n"
        "{% macro boom() %}{{ exceptions.raise_compiler_error('it broke') }}{% endmacro %}\n"
    ),
}


class Said(msgspec.Struct, frozen=True):
    """What one command left on its streams."""

    result: InvokeResult
    out: str
    err: str

    @property
    def exit_code(self) -> int:
        """The exit code."""
        return self.result.exit_code

    @property
    def lines(self) -> list[str]:
        """Standard output without times and durations."""
        return [unstamped(line) for line in self.out.splitlines()]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard output as JSON events."""
        return [json.loads(line) for line in self.out.splitlines()]


def unstamped(line: str) -> str:
    """Take time and durations out of a line."""
    return re.sub(r"\d+\.\d+s", "0s", re.sub(r"^\d\d:\d\d:\d\d  ?", "", line))


class Shop:
    """The project's directory."""

    def __init__(self, root: Path, files: dict[str, str] | None = None) -> None:
        self.root = root
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(root)}
        self.write({"dbt_project.yml": PROJECT, "profiles.yml": PROFILE, **(files or MODELS)})

    def write(self, files: dict[str, str]) -> None:
        """Write files below the root."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def __call__(self, *args: str, **env: str) -> Said:
        """Run a command."""
        out, err = io.StringIO(), io.StringIO()
        result = invoke(args, env={**self.env, **env}, cwd=str(self.root), stdout=out, stderr=err)
        return Said(result, out.getvalue(), err.getvalue())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database, with a connection of its own."""
        import duckdb  # the driver is loaded only by tests that look at rows

        with duckdb.connect(str(self.root / "shop.duckdb"), read_only=True) as connection:
            found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return found

    def run_results(self, target: str = "target") -> dict[str, Any]:
        """Read the artifact of the last run."""
        found: dict[str, Any] = json.loads((self.root / target / "run_results.json").read_text())
        return found

    def statuses(self, target: str = "target") -> dict[str, str]:
        """Return statuses by unique_id of the last run."""
        return {r["unique_id"]: r["status"] for r in self.run_results(target)["results"]}


def command(*args: str) -> list[str]:
    """Return the words that run the command line in a process of its own."""
    return [sys.executable, "-m", "upriver", *args]
