"""What the materializations leave behind, and in which statements, on DuckDB (ADPT-23..34)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.adapters.macros.building import Recorded

from upriver.resources.nodes import Column


@pytest.fixture
def project(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def change(project: Recorded, name: str, sql: str, **config: Any) -> None:
    """Give a model another text and config."""
    project.model(name, sql, **config)


def test_a_table_is_built_beside_the_old_one_and_swapped_in_one_transaction(
    project: Recorded,
) -> None:
    hooks = [
        {"sql": "select 'before'", "transaction": False, "index": 0},
        {"sql": "select 'inside'", "transaction": True, "index": 1},
    ]
    project.model(
        "t", "select 1 as id", materialized="table", indexes=[{"columns": ["id"]}],
        **{"pre-hook": hooks, "post-hook": hooks},
    )  # fmt: skip
    for _ in range(2):
        assert project.run("run").statuses == {"t": "success"}
    sent = project.statements[project.statements.index("select 'before'") :]
    assert [s for s in sent if not s.startswith("create index")] == [
        "select 'before'",
        "BEGIN",
        "select 'inside'",
        'create table "small"."dev"."t__dbt_tmp" as ( select 1 as id );',
        'drop table if exists "small"."dev"."t" cascade',
        'alter table "small"."dev"."t__dbt_tmp" rename to "t"',
        "select 'inside'",
        "COMMIT",
        "select 'before'",
    ]
    assert project.rows("select table_name from duckdb_indexes()") == [("t",)]


def test_a_view_replaces_a_table_and_the_reverse(project: Recorded) -> None:
    for kind in ("table", "view", "incremental", "view", "table"):
        change(project, "m", f"select '{kind}' as kind", materialized=kind)
        assert project.run("run").statuses == {"m": "success"}
        found = project.rows(
            "select table_name, table_type from information_schema.tables"
            " where table_schema = 'dev'"
        )
        expected = "VIEW" if kind == "view" else "BASE TABLE"
        assert found == [("m", expected)]
        assert project.rows("from dev.m") == [(kind,)]


@pytest.mark.parametrize("kind", ["table", "view", "incremental"])
def test_a_failing_build_leaves_what_was_there(project: Recorded, kind: str) -> None:
    change(project, "m", "select 1 as id", materialized=kind)
    project.run("run")
    change(project, "m", "select cast('x' as integer) as id from missing", materialized=kind)
    project.flags["FULL_REFRESH"] = True
    assert project.run("run").statuses == {"m": "error"}
    assert project.rows("from dev.m") == [(1,)]
    assert project.rows("select table_name from information_schema.tables") == [("m",)]


def test_a_failing_hook_takes_the_build_back(project: Recorded) -> None:
    change(project, "m", "select 1 as id", materialized="table")
    project.run("run")
    hook = [{"sql": "select * from missing", "transaction": True, "index": 0}]
    change(project, "m", "select 2 as id", materialized="table", **{"post-hook": hook})
    assert project.run("run").statuses == {"m": "error"}
    assert project.rows("from dev.m") == [(1,)]


INCREMENTAL = [
    ({"incremental_strategy": "append"}, [(1, 1), (1, 2), (2, 2)]),
    ({}, [(1, 1), (1, 2), (2, 2)]),
    ({"unique_key": "id"}, [(1, 2), (2, 2)]),
    ({"unique_key": ["id"]}, [(1, 2), (2, 2)]),
    ({"incremental_strategy": "merge", "unique_key": "id"}, [(1, 2), (2, 2)]),
    (
        {"incremental_strategy": "merge", "unique_key": "id", "merge_exclude_columns": ["v"]},
        [(1, 1), (2, 2)],
    ),
    (
        {"incremental_strategy": "merge", "unique_key": "id",
         "incremental_predicates": ["DBT_INTERNAL_DEST.v > 5"]},
        [(1, 1), (1, 2), (2, 2)],
    ),
    (
        {"incremental_strategy": "merge", "unique_key": "id",
         "merge_update_condition": "DBT_INTERNAL_SOURCE.v > 5",
         "merge_insert_condition": "DBT_INTERNAL_SOURCE.id > 5"},
        [(1, 1)],
    ),
    (
        {"incremental_strategy": "merge", "merge_on_using_columns": ["id"], "unique_key": "id",
         "merge_clauses": {
             "when_matched": [{"action": "update", "mode": "explicit",
                               "update": {"set_expressions": {"v": "10"}}}],
             "when_not_matched": [{"action": "insert"}]}},
        [(1, 10), (2, 2)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("config", "expected"), INCREMENTAL)
def test_an_incremental_model_adds_by_its_strategy(
    project: Recorded, config: dict[str, Any], expected: list[Any]
) -> None:
    config = {"materialized": "incremental", **config}
    more = "where false union all select * from (values (1, 2), (2, 2))"
    sql = f"select 1 as id, 1 as v {{% if is_incremental() %}} {more} {{% endif %}}"
    project.model("m", sql, **config)
    project.run("run")
    assert project.rows("from dev.m") == [(1, 1)]
    assert project.run("run").statuses == {"m": "success"}
    assert project.rows("from dev.m order by all") == expected
    assert project.rows("select table_name from duckdb_tables() where temporary") == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"incremental_strategy": "insert_overwrite"}, "insert_overwrite"),
        ({"incremental_strategy": "nonsense"}, "get_incremental_nonsense_sql"),
        (
            {"incremental_strategy": "merge", "merge_update_columns": ["a"],
             "merge_exclude_columns": ["b"]},
            "exclude each other",
        ),
        (
            {"incremental_strategy": "merge",
             "merge_clauses": {"when_matched": [{"action": "insert"}]}},
            "merge_clauses.when_matched[0]",
        ),
        ({"on_schema_change": "fail"}, "on_schema_change"),
    ],
)  # fmt: skip
def test_a_wrong_incremental_config_is_explained(
    project: Recorded, config: dict[str, Any], words: str
) -> None:
    sql = "select 1 as id {% if is_incremental() %}, 2 as more{% endif %}"
    project.model("m", sql, materialized="incremental", **config)
    project.run("run")
    result = project.run("run")["m"]
    assert result.status == "error"
    assert words in (result.message or "")
    assert project.rows("from dev.m") == [(1,)]


@pytest.mark.parametrize(
    ("on_schema_change", "columns"),
    [
        ("append_new_columns", ["id", "gone", "kept", "new"]),
        ("sync_all_columns", ["id", "new", "kept"]),
    ],
)
def test_columns_follow_the_query(
    project: Recorded, on_schema_change: str, columns: list[str]
) -> None:
    config = {"materialized": "incremental", "on_schema_change": on_schema_change}
    change(project, "m", "select 1 as id, 2 as gone, 3 as kept", **config)
    project.run("run")
    kept = "'text' as kept" if on_schema_change == "sync_all_columns" else "3 as kept"
    change(project, "m", f"select 4 as new, 1 as id, {kept}", **config)
    assert project.run("run").statuses == {"m": "success"}
    found = [row[0] for row in project.rows("describe dev.m")]
    assert found == columns
    assert len(project.rows("from dev.m")) == 2


def test_a_custom_strategy_gets_what_it_needs(project: Recorded) -> None:
    project.macro(
        "{% macro get_incremental_mine_sql(arg_dict) %}insert into {{ arg_dict.target_relation }}"
        " select * from {{ arg_dict.temp_relation }} where {{ arg_dict.unique_key }} > 0"
        " and {{ arg_dict.incremental_predicates[0] }}"
        " and {{ arg_dict.dest_columns[0].name }} is not null{% endmacro %}"
    )
    project.model(
        "m", "select 1 as id", materialized="incremental", incremental_strategy="mine",
        unique_key="id", incremental_predicates=["true"],
    )  # fmt: skip
    project.run("run")
    assert project.run("run").statuses == {"m": "success"}
    assert project.rows("from dev.m") == [(1,), (1,)]


CONTRACT = {
    "materialized": "table",
    "contract": {"enforced": True, "alias_types": True},
}


def test_a_contract_orders_and_constrains_the_columns(project: Recorded) -> None:
    unique_id = project.model("m", "select 'x' as name, 1 as id", **CONTRACT)
    declare(project, unique_id, id="integer", name="varchar")
    assert project.run("run").statuses == {"m": "success"}
    assert project.rows("from dev.m") == [(1, "x")]
    with pytest.raises(Exception, match="NOT NULL"):
        project.rows("insert into dev.m values (null, 'y')")


def test_a_broken_contract_is_an_error_before_anything_is_built(project: Recorded) -> None:
    unique_id = project.model("m", "select 'x' as name, 1 as id", **CONTRACT)
    declare(project, unique_id, id="varchar", name="varchar")
    result = project.run("run")["m"]
    assert result.status == "error"
    assert "contract" in (result.message or "")
    assert project.sent("create table") == []


def test_a_table_others_point_to_is_replaced(project: Recorded) -> None:
    parent = project.model("parent", "select 1 as id", **CONTRACT)
    child = project.model("child", "select id from {{ ref('parent') }}", parent, **CONTRACT)
    declare(project, parent, id="integer")
    declare(project, child, id="integer")
    for unique_id, constraint in (
        (parent, {"type": "primary_key", "columns": ["id"]}),
        (child, {"type": "foreign_key", "columns": ["id"], "expression": "dev.parent (id)"}),
    ):
        project.nodes[unique_id] = msgspec.structs.replace(
            project.nodes[unique_id], constraints=(constraint,)
        )
    for _ in range(2):
        assert set(project.run("run").statuses.values()) == {"success"}
    keys = "select table_name from duckdb_constraints() where constraint_type = 'FOREIGN KEY'"
    assert project.rows(keys) == [("child",)]
    assert project.run("run", parent).statuses == {"parent": "success"}
    assert project.rows("from dev.child") == [(1,)]


def test_descriptions_are_kept_in_the_warehouse(project: Recorded) -> None:
    unique_id = project.model(
        "m", "select 1 as id, 2 as other", materialized="table",
        persist_docs={"relation": True, "columns": True},
    )  # fmt: skip
    columns = {
        "id": Column(name="id", description="it's the key"),
        "absent": Column(name="absent", description="nowhere"),
    }
    project.nodes[unique_id] = msgspec.structs.replace(
        project.nodes[unique_id], description="a $1 table", columns=columns
    )
    ran = project.run("run")
    assert ran.statuses == {"m": "success"}
    assert project.rows("select comment from duckdb_tables()") == [("a $1 table",)]
    assert project.rows("select comment from duckdb_columns() where column_name = 'id'") == [
        ("it's the key",)
    ]
    assert any("absent" in getattr(event, "text", "") for event in ran.events)


def test_a_file_and_the_view_that_reads_it(project: Recorded) -> None:
    location = project.root / "out.csv"
    project.model(
        "m", "select 1 as id, 'a' as name", materialized="external", location=str(location),
        options={"header": True},
    )  # fmt: skip
    for _ in range(2):
        assert project.run("run").statuses == {"m": "success"}
    assert location.read_text() == "id,name\n1,a\n"
    assert project.rows("from dev.m") == [(1, "a")]
    assert project.rows("select table_name from information_schema.tables") == [("m",)]


def test_a_query_with_parameters(project: Recorded) -> None:
    project.model("m", "select a + b as total", materialized="table_function",
                  parameters=["a", "b"])  # fmt: skip
    assert project.run("run").statuses == {"m": "success"}
    assert project.rows("from dev.m(1, 2)") == [(3,)]


def declare(project: Recorded, unique_id: str, **types: str) -> None:
    columns = {}
    for name, data_type in types.items():
        constraints = ({"type": "not_null"},) if name == "id" else ()
        columns[name] = Column(name=name, data_type=data_type, constraints=constraints)
    project.nodes[unique_id] = msgspec.structs.replace(project.nodes[unique_id], columns=columns)
