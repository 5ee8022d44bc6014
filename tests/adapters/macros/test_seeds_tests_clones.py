"""Seeds, tests, unit tests and clones with the built-in macros, on DuckDB (ADPT-30..35)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.adapters.macros.building import Recorded

from upriver.state.baseline import Published


@pytest.fixture
def project(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.mark.parametrize("fast", [True, False])
def test_a_seed_is_loaded_emptied_and_made_anew(project: Recorded, *, fast: bool) -> None:
    project.seed("s", "id;name\n1;it's\n2;\n", delimiter=";", fast=fast)
    for is_full in (False, False, True):
        project.flags["FULL_REFRESH"] = is_full
        result = project.run("seed")["s"]
        assert result.message == ("CREATE 2" if is_full else "INSERT 2")
        assert project.rows("from dev.s") == [(1, "it's"), (2, None)]
    assert [s.split()[0] for s in project.sent("begin", "drop", "create table", "commit")] == [
        "BEGIN", "drop", "create", "COMMIT",
    ]  # fmt: skip


def test_a_seed_that_cannot_be_loaded_keeps_its_old_rows(project: Recorded) -> None:
    project.seed("s", "id\n1\n")
    project.run("seed")
    project.seed("s", "id\nx\n", column_types={"id": "integer"})
    project.flags["FULL_REFRESH"] = True
    assert project.run("seed").statuses == {"s": "error"}
    assert project.rows("from dev.s") == [(1,)]


@pytest.mark.parametrize(
    ("config", "stored"),
    [
        ({"store_failures": True}, "BASE TABLE"),
        ({"store_failures_as": "view"}, "VIEW"),
        ({"store_failures_as": "ephemeral"}, None),
        ({}, None),
    ],
)
def test_failures_are_stored_as_configured(
    project: Recorded, config: dict[str, Any], stored: str | None
) -> None:
    project.model("m", "select 1 as id union all select 2")
    project.run("run")
    project.test("t", "select * from dev.m", limit=5, **config)
    for _ in range(2):
        result = project.run("test", "test.p.t")["t"]
        assert (result.status, result.failures) == ("fail", 2)
    found = project.rows("select table_type from information_schema.tables where table_name = 't'")
    assert found == ([] if stored is None else [(stored,)])


def published(name: str) -> Published:
    return Published(
        unique_id=f"model.p.{name}", kind="model", name=name, database="small", schema="prod",
        alias=name, relation_name=f'"small"."prod"."{name}"', materialized="table",
    )  # fmt: skip


def test_a_clone_is_a_copy_where_a_view_could_not_be_added_to(project: Recorded) -> None:
    project.model("m", "select 1 as id", materialized="view")
    project.run("run")
    project.rows("create schema prod")
    project.rows("create table prod.m as select 5 as id")
    counterparts = {"model.p.m": published("m")}
    project.model("m", "select 1 as id", materialized="incremental")
    assert project.run("clone", published=counterparts)["m"].message == "No-op"
    project.flags["FULL_REFRESH"] = True
    assert project.run("clone", published=counterparts).statuses == {"m": "success"}
    assert project.rows("from dev.m") == [(5,)]
    assert [s.split()[0] for s in project.sent("begin", "create", "drop", "alter", "commit")] == [
        "BEGIN", "create", "drop", "alter", "COMMIT",
    ]  # fmt: skip
    project.flags["FULL_REFRESH"] = False
    assert project.run("run").statuses == {"m": "success"}
    assert project.rows("from dev.m order by id") == [(1,), (5,)]


def test_a_clone_of_what_is_gone_leaves_what_is_here(project: Recorded) -> None:
    project.model("m", "select 1 as id", materialized="incremental")
    project.run("run")
    project.flags["FULL_REFRESH"] = True
    counterparts = {"model.p.m": published("m")}
    assert project.run("clone", published=counterparts).statuses == {"m": "error"}
    assert project.rows("from dev.m") == [(1,)]


UNIT = [
    ([{"id": 1, "name": "it's a longer name"}, {"ID": 2}], [(1, "it's a longer name"), (2, None)]),
    ([], []),
]


@pytest.mark.parametrize(("rows", "expected"), UNIT)
def test_rows_of_a_unit_test_have_the_types_of_the_relation(
    project: Recorded, rows: list[Any], expected: list[Any]
) -> None:
    base = project.model("base", "select 9::smallint as id, 'x'::varchar as name",
                         materialized="table")  # fmt: skip
    model = project.model("m", "select * from {{ ref('base') }}", base)
    project.run("run", base)
    given = [{"input": "ref('base')", "rows": rows}]
    expect = {"rows": [{"id": key, "name": name} for key, name in expected]}
    project.unit_test("u", model, given, expect)
    project.unit_test("v", model, given, {"rows": [{"id": 3, "name": "other"}]})
    ran = project.run("test", "unit_test.p.m.u", "unit_test.p.m.v")
    assert ran.statuses == {"u": "pass", "v": "fail"}


def test_a_unit_test_with_a_column_that_is_not_there(project: Recorded) -> None:
    base = project.model("base", "select 1 as id", materialized="table")
    model = project.model("m", "select * from {{ ref('base') }}", base)
    project.run("run", base)
    given = [{"input": "ref('base')", "rows": [{"idd": 1}]}]
    project.unit_test("u", model, given, {"rows": [{"id": 1}]})
    result = project.run("test", "unit_test.p.m.u")["u"]
    assert result.status == "error"
    assert "'idd'" in (result.message or "")
