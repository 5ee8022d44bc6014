"""Python models on DuckDB: what they may return, and what is said when they fail."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.postgres_server import ServerUnavailable, running_server

from upriver.cli.invoke import invoke

PROJECT = "name: shop\nversion: '1.0'\nprofile: p\nflags: {send_anonymous_usage_stats: false}\n"
DUCKDB = {"type": "duckdb", "path": "wh.duckdb", "schema": "dev", "module_paths": ["lib"]}


class Made:
    """A project in a directory, and what building it said."""

    def __init__(self, root: Path, output: dict[str, Any] = DUCKDB) -> None:
        self.root = root
        self.write("dbt_project.yml", PROJECT)
        profile = {"p": {"target": "dev", "outputs": {"dev": output}}}
        self.write("profiles.yml", json.dumps(profile))
        self.write("models/base.sql", "select 1 as id, 'a' as name union all select 2, 'b'")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, *args: str) -> tuple[int, str]:
        out = io.StringIO()
        env = {"DBT_PROFILES_DIR": str(self.root), "HOME": str(self.root)}
        ended = invoke(
            ["run", *args] if not args or args[0].startswith("-") else list(args),
            env=env, cwd=str(self.root), stdout=out, stderr=out,
        )  # fmt: skip
        return ended.exit_code, out.getvalue()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.root / "wh.duckdb")) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


HEAD = "def model(dbt, session):\n    base = dbt.ref('base')\n"
ROWS = [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("library", "result"),
    [
        ("duckdb", "base"),
        ("duckdb", "base.filter('id > 0')"),
        ("duckdb", "session.sql('select * from base')"),
        ("pandas", "base.df()"),
        ("pandas", "__import__('pandas').DataFrame({'id': [1, 2], 'name': ['a', 'b']})"),
        ("pyarrow", "__import__('pyarrow').table({'id': [1, 2], 'name': ['a', 'b']})"),
        ("polars", "__import__('polars').DataFrame({'id': [1, 2], 'name': ['a', 'b']})"),
    ],
)
def test_what_a_model_may_return(made: Made, library: str, result: str) -> None:
    pytest.importorskip(library)
    made.write("models/p.py", f"{HEAD}    return {result}\n")
    code, said = made.run()
    assert code == 0, said
    assert made.rows("select id, name from dev.p order by id") == ROWS


@pytest.mark.parametrize(
    ("body", "message", "line"),
    [
        ("    return base.nothing_of_the_kind()", "AttributeError", 5),
        ("    return session.sql('select nope from base')", "nope", 5),
        ("    session.execute('selec 1')\n    return base", "selec", 5),
        ("    inner()\n    return base", "no luck", 2),
        ("    raise SystemExit(3)\n    return base", "SystemExit: 3", 5),
        ("    import no_such_library\n    return base", "no_such_library", 5),
        ("    return None if base else 1", "returned nothing", None),
        ("    return 7", "type `int`", None),
        ("    return {'a': 1}", "type `dict`", None),
    ],
)
def test_a_failure_is_told_at_its_line(
    made: Made, body: str, message: str, line: int | None
) -> None:
    inner = "def inner():\n    raise ValueError('no luck')\n"
    made.write("models/p.py", f"{inner}{HEAD}{body}\n")
    code, said = made.run()
    assert code == 1
    assert "Python model failed: " in said
    assert message in said
    assert ("models/p.py:" in said) == (line is not None)
    assert line is None or f"models/p.py:{line}\n" in said
    for ours in ("Traceback", "upriver/", "dbtObj"):
        assert ours not in said


def test_lines_count_from_the_top_of_the_file(made: Made) -> None:
    made.write("models/p.py", f"\n\n\n{HEAD}    return base.nothing()\n")
    assert "models/p.py:6\n" in made.run()[1]


def test_a_failure_leaves_the_table_as_it_was(made: Made) -> None:
    made.write("models/p.py", f"{HEAD}    return base\n")
    made.write(
        "models/i.py", HEAD + "    dbt.config(materialized='incremental')\n    return base\n"
    )
    assert made.run()[0] == 0
    made.write(
        "models/p.py",
        f"{HEAD}    session.execute('delete from dev.p')\n"
        "    return session.sql(\"select 'x'::integer as id from base\")\n",
    )
    made.write(
        "models/i.py",
        HEAD + "    dbt.config(materialized='incremental', post_hook='select * from nowhere')\n"
        "    return base\n",
    )
    code, said = made.run()
    assert (code, said.count("ERROR creating")) == (1, 2)
    assert made.rows("select * from dev.p order by id") == ROWS
    assert made.rows("select * from dev.i order by id") == ROWS
    assert made.rows("select table_name from duckdb_tables() order by 1") == [("i",), ("p",)]


def test_code_may_define_classes_and_import_from_module_paths(made: Made) -> None:
    made.write("lib/mine_for_upriver_test.py", "WORD = 'imported'\n")
    made.write(
        "models/p.py",
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from mine_for_upriver_test import WORD\n\n\n@dataclass\nclass Row:\n    id: int\n\n\n"
        "def model(dbt, session):\n"
        "    return session.sql(f\"select {Row(3).id} as id, '{WORD}' as w\")\n",
    )
    assert made.run()[0] == 0
    assert made.rows("select * from dev.p") == [(3, "imported")]


def test_references_are_deferred(made: Made) -> None:
    made.write("models/p.py", f"{HEAD}    return base\n")
    assert made.run()[0] == 0
    (made.root / "target").rename(made.root / "state")
    profile = {"p": {"target": "dev", "outputs": {"dev": {**DUCKDB, "schema": "other"}}}}
    made.write("profiles.yml", json.dumps(profile))
    code, said = made.run("-s", "p", "--defer", "--state", "state")
    assert code == 0, said
    compiled = (made.root / "target/compiled/shop/models/p.py").read_text()
    assert json.dumps({"base": '"wh"."dev"."base"'}) in compiled
    assert made.rows("select * from other.p order by id") == ROWS


def test_a_sample_and_empty_narrow_what_is_read(made: Made) -> None:
    made.write("models/p.py", f"{HEAD}    return base.filter('id > 0')\n")
    assert made.run("--empty")[0] == 0
    assert made.rows("select count(*) from dev.p") == [(0,)]


def test_an_ephemeral_parent_is_refused(made: Made) -> None:
    made.write("models/base.sql", "{{ config(materialized='ephemeral') }} select 1 as id")
    made.write("models/p.py", f"{HEAD}    return base\n")
    code, said = made.run()
    assert code == 1
    assert "`base`, which is ephemeral" in said


@contextmanager
def _on_postgres(root: Path) -> Iterator[Made]:
    try:
        with running_server() as server:
            yield Made(root, server.output(schema="dev"))
    except ServerUnavailable as reason:
        pytest.skip(str(reason))


def test_postgres_runs_no_python(tmp_path: Path) -> None:
    with _on_postgres(tmp_path) as made:
        made.write("models/p.py", f"{HEAD}    return base\n")
        code, said = made.run()
        assert code == 1
        assert "builds sql models, and `p` is written in python" in said
