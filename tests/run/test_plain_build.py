"""A model built without templates is built as the macros build it, or left to them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from upriver.cli.invoke import invoke
from upriver.jinja.macros import BoundMacro
from upriver.run import materialize, plain_build
from upriver.run.events import QueryRan, StepFinished

PROFILE = {"p": {"target": "d", "outputs": {"d": {"type": "duckdb", "path": "shop.duckdb"}}}}
PROJECT = "name: shop\nversion: '1.0'\nprofile: p\n"
MODELS = {
    "models/a.sql": "{{ config(materialized='table') }}\nselect 1 as n, 'it''s' as s\n",
    "models/b.sql": "-- a comment\nselect n from {{ ref('a') }}",
    "models/c.sql": "{{ config(materialized='table', alias='Cc') }} select * from {{ ref('b') }}",
    "models/d.sql": "{{ config(alias='D d') }} select * from {{ ref('c') }}",
}
OVERRIDE = "{% macro duckdb__rename_relation(a, b) %}{{ log('mine') }}\
{{ dbt.duckdb__rename_relation(a, b) }}{% endmacro %}"


_BEFORE = (
    "materialization_", "generate_", "default__generate_", "create_schema", "query_comment",
    "duckdb__create_schema", "list_schemas", "duckdb__list_schemas", "default__create_schema",
)  # fmt: skip
"""What is called before, and the materializations themselves."""


class Project:
    """A project on DuckDB, and everything a run of it shows."""

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        self.root = root
        self.write({"dbt_project.yml": PROJECT, "profiles.yml": json.dumps(PROFILE), **files})

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, *args: str) -> list[Any]:
        seen: list[Any] = []

        def hear(event: object) -> None:
            if isinstance(event, QueryRan):
                seen.append((event.connection, event.sql.partition("*/")[2], event.status))
            elif isinstance(event, StepFinished):
                result = event.result
                seen.append((result.unique_id, result.status, result.message, result.response,
                             result.relation_type, result.is_added_to, result.relation_name,
                             result.compiled_path, result.build_path))  # fmt: skip

        env = {"HOME": str(self.root), "DBT_PROFILES_DIR": str(self.root)}
        with (self.root / "out.txt").open("w") as out:
            invoke(["run", "--threads", "1", *args], callbacks=[hear], env=env,
                   cwd=str(self.root), stdout=out, stderr=out)  # fmt: skip
        # Which of two models goes first depends on how long they took before.
        seen.sort(key=lambda one: one[0])
        texts = [self.timeless(repr(one)) for one in seen]
        files = {name: self.timeless(text) for name, text in self.files().items()}
        return [texts, files, self.relations()]

    def timeless(self, text: str) -> str:
        text = text.replace(str(self.root), "ROOT")
        return re.sub(r"(?<=__dbt_tmp)\d{14,}|\b[0-9a-f]{32}\b", "N", text)

    def files(self) -> dict[str, str]:
        found = [*(self.root / "target").rglob("*.sql")]
        return {str(path.relative_to(self.root)): path.read_text() for path in sorted(found)}

    def relations(self) -> list[Any]:
        with duckdb.connect(str(self.root / "shop.duckdb")) as connection:
            return connection.execute(
                "select table_schema, table_name, table_type from information_schema.tables"
                " order by all"
            ).fetchall()


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The nodes that were built without templates."""
    built: list[str] = []
    build = plain_build.build_plainly

    def counted(task: Any, node: Any, *rest: Any) -> Any:
        made = build(task, node, *rest)
        if made is not None:
            built.append(node.name)
        return made

    monkeypatch.setattr(materialize, "build_plainly", counted)
    return built


def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str],
         *turns: Mapping[str, str]) -> None:  # fmt: skip
    """Play the same turns in both ways, and compare everything."""
    found = []
    for name, kinds in (("plain", plain_build.KINDS), ("macros", {})):
        (tmp_path / name).mkdir()
        with monkeypatch.context() as patch:
            patch.setattr(plain_build, "KINDS", kinds)
            project = Project(tmp_path / name, files)
            shown = [project.run()]
            for turn in turns:
                project.write(turn)
                shown.append(project.run())
        found.append(shown)
    for plain, macros in zip(*found, strict=True):
        assert plain == macros


def test_first_and_later_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: list[str]
) -> None:
    both(tmp_path, monkeypatch, MODELS, {}, {})
    assert count == ["a", "b", "c", "d"] * 3


def test_a_relation_of_the_other_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: list[str]
) -> None:
    other = {
        "models/a.sql": "select 1 as n, 'it''s' as s",
        "models/b.sql": "{{ config(materialized='table') }} select n from {{ ref('a') }}",
    }
    both(tmp_path, monkeypatch, MODELS, other, {})
    assert count == ["a", "b", "c", "d", "c", "d", "a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("config", "is_plain"),
    [
        ({}, True),
        ({"tags": ["x"], "meta": {"a": 1}, "grants": {}}, True),
        ({"database": "shop", "schema": "other"}, True),
        ({"contract": {"enforced": True}}, False),
        ({"pre_hook": "select 1"}, False),
        ({"post_hook": "select 2"}, False),
        ({"sql_header": "select 3;"}, False),
        ({"indexes": [{"columns": ["n"]}]}, False),
        ({"persist_docs": {"relation": True}}, False),
        ({"grants": {"select": ["x"]}}, False),
        ({"materialized": "incremental"}, False),
    ],
)
@pytest.mark.parametrize("kind", ["view", "table"])
def test_what_a_model_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: list[str], config: dict[str, Any],
    is_plain: bool, kind: str,  # noqa: FBT001 - a parameter of the test
) -> None:  # fmt: skip
    given = {"materialized": kind, **config}
    files = {
        "models/m.sql": "{{ config(" + ", ".join(f"{k}={v!r}" for k, v in given.items())
        + ") }} select 1 as n",
        "models/m.yml": "models: [{name: m, description: of m, columns: [{name: n,"
        " data_type: integer}]}]",
    }  # fmt: skip
    both(tmp_path, monkeypatch, files, {})
    assert count == (["m", "m"] if is_plain else [])


@pytest.mark.parametrize("quoting", ["true", "false"])
def test_quoting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: list[str], quoting: str
) -> None:
    settings = f"{PROJECT}quoting: {{identifier: {quoting}, schema: {quoting}}}\n"
    files = {**MODELS, "models/d.sql": "select 1 as n", "dbt_project.yml": settings}
    both(tmp_path, monkeypatch, files, {})
    assert len(count) == 8


def test_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: list[str]) -> None:
    broken = {"models/a.sql": "{{ config(materialized='table') }} select no_such_column"}
    both(tmp_path, monkeypatch, MODELS, broken, {"models/b.sql": "select n from no_such_table"})
    assert count == ["a", "b", "c", "d"]


def test_what_was_left_half_way(tmp_path: Path, count: list[str]) -> None:
    left = 'create table "{}" as select 1 as n'
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        for name in ("a__dbt_tmp", "b__dbt_backup"):
            connection.execute(left.format(name))
    project = Project(tmp_path, MODELS)
    seen = project.run()[0]
    assert sum("'success'" in one for one in seen) == len(MODELS)
    assert count == ["c", "d"]
    assert {name for _, name, _ in project.relations()} == {"a", "b", "Cc", "D d"}


def test_a_name_of_other_case_is_refused_in_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: list[str]
) -> None:
    turn = {"models/c.sql": "{{ config(materialized='table', alias='CC') }} select 1 as n"}
    both(tmp_path, monkeypatch, MODELS, turn)
    assert count[4:] == ["a", "b"]


def test_a_macro_of_the_project_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: list[str]
) -> None:
    both(tmp_path, monkeypatch, {**MODELS, "macros/own.sql": OVERRIDE}, {})
    assert count == []


def test_every_macro_on_the_way_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A macro of the project under any of these names has to be seen."""
    called: set[str] = set()
    call = BoundMacro.__call__

    def noted(self: BoundMacro, *args: Any, **kwargs: Any) -> Any:
        called.add(self.macro.name)
        return call(self, *args, **kwargs)

    monkeypatch.setattr(plain_build, "KINDS", {})
    monkeypatch.setattr(BoundMacro, "__call__", noted)
    project = Project(tmp_path, MODELS)
    project.run()
    project.run()
    named = {name for name in called if not name.startswith(_BEFORE)}
    assert "rename_relation" in named
    assert named <= plain_build.NAMES
