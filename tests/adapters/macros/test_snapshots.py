"""Snapshots over several runs, on DuckDB (ADPT-29, PROJ-111..116)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.adapters.macros.building import Recorded

DAY = {1: "timestamp '2024-01-01'", 2: "timestamp '2024-01-02'", 3: "timestamp '2024-01-03'"}


@pytest.fixture
def project(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def take(project: Recorded, rows: list[tuple[Any, ...]], **config: Any) -> str:
    """Run the snapshot `s` over rows of (id, amount, day of the change)."""
    selects = [
        f"select {key} as id, {amount} as amount, {DAY[day]} as upd" for key, amount, day in rows
    ]
    sql = (
        " union all ".join(selects) or f"select 1 as id, 1 as amount, {DAY[1]} as upd where false"
    )
    project.snapshot("s", sql, **{"unique_key": "id", **config})
    status: str = project.run("snapshot").statuses["s"]
    return status


def history(project: Recorded, *columns: str) -> list[tuple[Any, ...]]:
    return project.rows(f"select {', '.join(columns)} from dev.s order by all")


TIMESTAMP = {"strategy": "timestamp", "updated_at": "upd"}
CHECK = {"strategy": "check", "check_cols": ["amount"]}


@pytest.mark.parametrize("unique_key", ["id", ["id"], ["id", "id + 1"]])
@pytest.mark.parametrize("strategy", [TIMESTAMP, CHECK, {**CHECK, "check_cols": "all"}])
def test_a_change_closes_one_version_and_opens_another(
    project: Recorded, strategy: dict[str, Any], unique_key: Any
) -> None:
    config = {**strategy, "unique_key": unique_key}
    assert take(project, [(1, 10, 1), (2, 20, 1)], **config) == "success"
    assert take(project, [(1, 11, 2), (2, 20, 1), (3, 30, 2)], **config) == "success"
    assert take(project, [(1, 11, 2), (2, 20, 1), (3, 30, 2)], **config) == "success"
    assert history(project, "id", "amount", "dbt_valid_to is null") == [
        (1, 10, False), (1, 11, True), (2, 20, True), (3, 30, True),
    ]  # fmt: skip
    assert project.rows("select count(distinct dbt_scd_id) from dev.s") == [(4,)]
    assert project.rows("select table_name from duckdb_tables() where temporary") == []


def test_the_times_are_those_of_the_rows(project: Recorded) -> None:
    take(project, [(1, 10, 1)], **TIMESTAMP)
    take(project, [(1, 11, 3)], **TIMESTAMP)
    times = history(project, "dbt_valid_from::date::varchar", "dbt_valid_to::date::varchar")
    assert times == [("2024-01-01", "2024-01-03"), ("2024-01-03", None)]


@pytest.mark.parametrize(
    ("hard_deletes", "expected"),
    [
        ("ignore", [(1, True), (2, True)]),
        ("invalidate", [(1, False), (2, True)]),
    ],
)
def test_a_deleted_row(project: Recorded, hard_deletes: str, expected: list[Any]) -> None:
    config = {**TIMESTAMP, "hard_deletes": hard_deletes}
    take(project, [(1, 10, 1), (2, 20, 1)], **config)
    take(project, [(2, 20, 1)], **config)
    assert history(project, "id", "dbt_valid_to is null") == expected


def test_a_deletion_is_recorded_once_and_a_return_too(project: Recorded) -> None:
    config = {**TIMESTAMP, "hard_deletes": "new_record"}
    for rows in ([(1, 10, 1)], [], [], [(1, 10, 1)], [(1, 10, 1)]):
        assert take(project, rows, **config) == "success"
    assert history(project, "dbt_is_deleted", "dbt_valid_to is null") == [
        ("False", False), ("False", True), ("True", False),
    ]  # fmt: skip


def test_other_column_names_and_an_end_of_time(project: Recorded) -> None:
    config = {
        **TIMESTAMP,
        "hard_deletes": "new_record",
        "dbt_valid_to_current": "timestamp '2999-12-31'",
        "snapshot_meta_column_names": {
            "dbt_valid_from": "since", "dbt_valid_to": "until", "dbt_scd_id": "version",
            "dbt_updated_at": "seen", "dbt_is_deleted": "gone",
        },
    }  # fmt: skip
    take(project, [(1, 10, 1), (2, 20, 1)], **config)
    take(project, [(1, 11, 2)], **config)
    take(project, [(1, 11, 2)], **config)
    found = project.rows("select id, amount, year(until) = 2999, gone from dev.s order by all")
    assert found == [
        (1, 10, False, "False"), (1, 11, True, "False"), (2, 20, False, "False"),
        (2, 20, True, "True"),
    ]  # fmt: skip


def test_new_columns_are_added(project: Recorded) -> None:
    project.snapshot("s", f"select 1 as id, {DAY[1]} as upd", unique_key="id", **TIMESTAMP)
    project.run("snapshot")
    project.snapshot(
        "s", f"select 1 as id, 'new' as extra, {DAY[2]} as upd", unique_key="id", **TIMESTAMP
    )
    assert project.run("snapshot").statuses == {"s": "success"}
    assert history(project, "extra") == [("new",), (None,)]


def test_a_strategy_of_the_project(project: Recorded) -> None:
    project.macro(
        "{% macro snapshot_mine_strategy(node, snapshotted_rel, current_rel, model_config, exists)"
        " %}{% do return({'unique_key': 'id', 'updated_at': 'upd', 'row_changed':"
        " snapshotted_rel ~ '.amount <> ' ~ current_rel ~ '.amount',"
        " 'scd_id': snapshot_hash_arguments(['id', 'upd']), 'invalidate_hard_deletes': true}) %}"
        "{% endmacro %}"
    )
    take(project, [(1, 10, 1), (2, 20, 1)], strategy="mine")
    take(project, [(1, 11, 2)], strategy="mine")
    assert history(project, "id", "amount", "dbt_valid_to is null") == [
        (1, 10, False), (1, 11, True), (2, 20, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"strategy": "nonsense"}, "snapshot_nonsense_strategy"),
        ({"strategy": "check", "check_cols": "amount"}, "check_cols"),
    ],
)
def test_a_wrong_config_is_explained(
    project: Recorded, config: dict[str, Any], words: str
) -> None:
    take(project, [(1, 10, 1)], **TIMESTAMP)
    project.snapshot(
        "s", f"select 1 as id, 1 as amount, {DAY[1]} as upd", unique_key="id", **config
    )
    result = project.run("snapshot")["s"]
    assert result.status == "error"
    assert words in (result.message or "")


def test_a_view_in_its_place_is_refused(project: Recorded) -> None:
    project.model("s", "select 1 as id")
    project.run("run")
    del project.nodes["model.p.s"]
    project.parents.clear()
    assert take(project, [(1, 10, 1)], **TIMESTAMP) == "error"
