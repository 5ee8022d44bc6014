"""What the materializations do on PostgreSQL (ADPT-23..39, ADPT-120)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.macros.building import OnPostgres
from tests.postgres_server import Server

pytestmark = pytest.mark.postgres

_number = itertools.count()


@pytest.fixture
def project(tmp_path: Path, postgres_server: Server) -> OnPostgres:
    return OnPostgres(tmp_path, postgres_server, f"macros_{next(_number)}")


def relations(project: OnPostgres) -> list[tuple[Any, ...]]:
    return project.rows(
        "select relname, relkind::text from pg_class join pg_namespace n on n.oid = relnamespace"
        f" where nspname = '{project.schema}' and relkind in ('r', 'v', 'm') order by 1"
    )


def test_a_table_is_built_beside_the_old_one_and_swapped_in_one_transaction(
    project: OnPostgres,
) -> None:
    project.model("t", "select 1 as id", materialized="table", indexes=[{"columns": ["id"]}])
    for _ in range(2):
        assert project.run("run").statuses == {"t": "success"}
    name = f'"{project.server.database}"."{project.schema}"."t'
    kept = project.sent("begin", "create table", "alter", "commit", "drop")
    assert kept == [
        "BEGIN",
        f'create table {name}__dbt_tmp" as ( select 1 as id );',
        f'alter table {name}" rename to "t__dbt_backup"',
        f'alter table {name}__dbt_tmp" rename to "t"',
        "COMMIT",
        f'drop table if exists {name}__dbt_backup" cascade',
    ]
    assert relations(project) == [("t", "r")]
    assert project.rows(
        f"select count(*) from pg_indexes where schemaname = '{project.schema}'"
    ) == [(1,)]


def test_long_names_keep_the_suffix(project: OnPostgres) -> None:
    name = "n" * 60
    project.model(name, "select 1 as id", materialized="table")
    for _ in range(2):
        assert project.run("run").statuses == {name: "success"}
    assert any(f'"{"n" * 54}__dbt_tmp"' in statement for statement in project.statements)
    assert any(f'"{"n" * 51}__dbt_backup"' in statement for statement in project.statements)
    assert relations(project) == [(name, "r")]


@pytest.mark.parametrize("kind", ["table", "view", "incremental"])
def test_a_failing_build_leaves_what_was_there(project: OnPostgres, kind: str) -> None:
    project.model("m", "select 1 as id", materialized=kind)
    project.run("run")
    project.flags["FULL_REFRESH"] = True
    project.model("m", "select * from missing", materialized=kind)
    assert project.run("run").statuses == {"m": "error"}
    assert project.rows(f"select * from {project.schema}.m") == [(1,)]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, [(1, 1), (1, 2), (2, 2)]),
        ({"unique_key": "id"}, [(1, 2), (2, 2)]),
        ({"unique_key": ["id"], "incremental_predicates": ["v < 5"]}, [(1, 2), (2, 2)]),
        ({"unique_key": "id", "incremental_strategy": "merge"}, [(1, 2), (2, 2)]),
        ({"unique_key": ["id", "v"], "incremental_strategy": "merge"}, [(1, 1), (1, 2), (2, 2)]),
        (
            {"unique_key": "id", "incremental_strategy": "merge", "merge_update_columns": ["id"]},
            [(1, 1), (2, 2)],
        ),
    ],
)
def test_an_incremental_model_adds_by_its_strategy(
    project: OnPostgres, config: dict[str, Any], expected: list[Any]
) -> None:
    more = "where false union all select * from (values (1, 2), (2, 2)) as more"
    sql = f"select 1 as id, 1 as v {{% if is_incremental() %}} {more} {{% endif %}}"
    project.model("m", sql, materialized="incremental", **config)
    for _ in range(2):
        assert project.run("run").statuses == {"m": "success"}
    assert project.rows(f"select * from {project.schema}.m order by 1, 2") == expected


def test_columns_follow_the_query_and_texts_are_widened(project: OnPostgres) -> None:
    config = {"materialized": "incremental", "on_schema_change": "sync_all_columns"}
    project.model("m", "select 1 as id, 'ab'::varchar(2) as name, 1 as gone", **config)
    project.run("run")
    project.model("m", "select 1 as id, 'abcdef'::varchar(6) as name, 'x' as added", **config)
    assert project.run("run").statuses == {"m": "success"}
    assert project.rows(f"select id, name, added from {project.schema}.m order by 2") == [
        (1, "ab", None), (1, "abcdef", "x"),
    ]  # fmt: skip


def test_a_materialized_view_is_made_refreshed_altered_and_replaced(project: OnPostgres) -> None:
    def build(**config: Any) -> list[str]:
        project.model("m", "select 1 as id", **config)
        assert project.run("run").statuses == {"m": "success"}
        return [s.split(" if ")[0] for s in project.sent("create mat", "refresh", "drop index")]

    kept = {"materialized": "materialized_view", "indexes": [{"columns": ["id"]}]}
    build(materialized="table")
    build(**kept)
    assert relations(project) == [("m", "m")]
    name = f'"{project.server.database}"."{project.schema}"."m"'
    assert build(**kept) == [f"refresh materialized view {name}"]
    changed = build(**{**kept, "indexes": [{"columns": ["id"], "unique": True}]})
    assert [statement.split('"')[0].strip() for statement in changed] == ["drop index"]
    build(materialized="view")
    assert relations(project) == [("m", "v")]


def test_grants_are_given_and_taken(project: OnPostgres) -> None:
    for role in ("first", "second"):
        project.rows(
            f"do $$ begin create role up_{role}; exception when duplicate_object then null;"
            " end $$; select 1"
        )

    def granted(kind: str, *roles: str) -> list[Any]:
        project.model("m", "select 1 as id", materialized=kind, grants={"select": list(roles)})
        assert project.run("run").statuses == {"m": "success"}
        return project.rows(
            "select grantee from information_schema.role_table_grants where table_schema ="
            f" '{project.schema}' and table_name = 'm' and grantee like 'up%' order by 1"
        )

    assert granted("incremental", "up_first") == [("up_first",)]
    assert granted("incremental", "up_second") == [("up_second",)]
    assert granted("table", "up_first", "up_second") == [("up_first",), ("up_second",)]


def test_seeds_and_snapshots(project: OnPostgres) -> None:
    seed = project.seed("s", "id,name,day\n1,a,2024-01-01\n2,,2024-01-02\n")
    snapshot = project.snapshot(
        "snap", "select * from {{ ref('s') }}", seed, strategy="check", check_cols="all",
        unique_key="id", hard_deletes="invalidate",
    )  # fmt: skip
    run: Callable[..., Any] = project.run
    assert run("seed", seed).statuses == {"s": "success"}
    assert run("snapshot", snapshot).statuses == {"snap": "success"}
    project.seed("s", "id,name,day\n1,b,2024-01-01\n")
    assert run("seed", seed)["s"].message == "INSERT 1"
    assert run("snapshot", snapshot).statuses == {"snap": "success"}
    assert project.rows(
        f"select id, name, dbt_valid_to is null from {project.schema}.snap order by 1, 2"
    ) == [(1, "a", False), (1, "b", True), (2, None, False)]
