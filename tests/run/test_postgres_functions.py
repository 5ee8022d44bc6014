"""Functions on PostgreSQL, as dbt-postgres makes them (JINJA-167)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.postgres_server import Server

from upriver.cli.invoke import invoke

pytestmark = pytest.mark.postgres

FILES = {
    "dbt_project.yml": "name: shop\nprofile: p\n",
    "functions/twice.sql": "select x * 2",
    "functions/with_tax.sql": "select {{ function('twice') }}(price) * rate",
    "functions/f.yml": "functions:\n"
    "  - name: twice\n"
    "    arguments: [{name: x, data_type: integer}]\n"
    "    returns: {data_type: integer}\n"
    "    config: {volatility: deterministic}\n"
    "  - name: with_tax\n"
    "    arguments: [{name: price, data_type: integer},"
    " {name: rate, data_type: integer, default_value: 10}]\n"
    "    returns: {data_type: integer}\n",
    "models/orders.sql": "select {{ function('with_tax') }}(3) as amount",
}


def _run(root: Path, *args: str) -> tuple[int, str]:
    console = io.StringIO()
    env = {"DBT_PROFILES_DIR": str(root), "HOME": str(root)}
    ended = invoke(list(args), env=env, cwd=str(root), stdout=console, stderr=console)
    return ended.exit_code, console.getvalue()


def _rows(server: Server, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(
        host=server.host, port=server.port, user=server.user, password=server.password,
        dbname=server.database, autocommit=True,
    ) as connection:  # fmt: skip
        cursor = connection.execute(sql)  # type: ignore[arg-type] # the tests' own text
        return cursor.fetchall() if cursor.description else []


def test_functions_are_made_called_and_deferred(tmp_path: Path, postgres_server: Server) -> None:
    for path, text in FILES.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    outputs = {
        name: postgres_server.output(schema=f"fn_{name}", threads=2) for name in ("dev", "prod")
    }
    profile = {"p": {"target": "dev", "outputs": outputs}}
    (tmp_path / "profiles.yml").write_text(json.dumps(profile))
    try:
        code, text = _run(tmp_path, "build", "--target", "prod", "--target-path", "prod")
        assert code == 0, text
        assert _rows(
            postgres_server, "select amount, fn_prod.with_tax(1, 3) from fn_prod.orders"
        ) == [(60, 6)]
        volatility = "select provolatile from pg_proc where proname = 'twice'"
        assert _rows(postgres_server, volatility) == [("i",)]
        code, text = _run(tmp_path, "build", "-s", "with_tax+", "--defer", "--state", "prod")
        assert code == 0, text
        source = "select prosrc from pg_proc where proname = 'with_tax' order by oid desc limit 1"
        assert '"fn_prod"."twice"' in _rows(postgres_server, source)[0][0]
        assert _run(tmp_path, "build", "-s", "twice")[0] == 0
        assert _run(tmp_path, "build", "-s", "with_tax", "--defer", "--state", "prod")[0] == 0
        assert '"fn_dev"."twice"' in _rows(postgres_server, source)[0][0]
    finally:
        for schema in ("fn_dev", "fn_prod"):
            _rows(postgres_server, f"drop schema if exists {schema} cascade")
