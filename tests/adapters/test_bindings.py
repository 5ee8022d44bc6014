"""Placeholder styles, and recognising the insert that seeds use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.adapters.bindings import BulkInsert, bulk_insert, split_rows, with_placeholders
from upriver.problems import WarehouseError


@pytest.mark.parametrize(
    ("sql", "target", "columns", "width", "rows"),
    [
        ("insert into t values (%s)", "t", "", 1, 1),
        ('insert into "d"."s"."t" (a, b) values\n (?,?),\n (?, ?)', '"d"."s"."t"', "(a, b)", 2, 2),
        ("/* c; */ -- x\nINSERT INTO t(a) VALUES (%s),(%s) ;", "t", "(a)", 1, 2),
        ("insert into t (a) values (%s) /* after */", "t", "(a)", 1, 1),
    ],
)
def test_an_insert_of_placeholders_is_recognised(
    sql: str, target: str, columns: str, width: int, rows: int
):
    assert bulk_insert(sql) == BulkInsert(target=target, columns=columns, width=width, rows=rows)


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "insert into t values (1, %s)",
        "insert into t values (%s), (%s, %s)",
        "insert into t values (%s %s)",
        "insert into t values (%s,)",
        "insert into t (a) select %s",
        "insert into t values (%s) on conflict do nothing",
        "insert into t values (%s) returning a",
        "delete from x; insert into t values (%s)",
        "/* a */ delete from x; /* b */ insert into t values (%s)",
        "insert into t values (%s); drop table t",
    ],
)
def test_any_other_statement_is_left_alone(sql: str):
    assert bulk_insert(sql) is None


def test_rows_are_cut_from_a_flat_list_and_the_count_must_fit():
    insert = BulkInsert(target="t", columns="", width=2, rows=2)
    assert split_rows(insert, [1, 2, 3, 4]) == [(1, 2), (3, 4)]
    with pytest.raises(WarehouseError, match="4 placeholders but 3 values"):
        split_rows(insert, [1, 2, 3])


@pytest.mark.parametrize(
    ("sql", "count", "marks", "percents"),
    [
        ("f(%s, '%s', '100%%')", 1, "f(?, '%s', '100%')", None),
        ("f(%s) -- %s?\n/* %s */", 1, "f(?) -- %s?\n/* %s */", None),
        ("f(?, '?', '100%', 7 % 4)", 1, None, "f(%s, '?', '100%%', 7 %% 4)"),
        ('f(?, "a?""b")', 1, None, 'f(%s, "a?""b")'),
        ("f(7 %% 4, %s, %s)", 2, "f(7 % 4, ?, ?)", None),
        ("f('100%')", 0, None, None),
    ],
)
def test_placeholders_are_rewritten_outside_of_quotes_and_comments(
    sql: str, count: int, marks: str | None, percents: str | None
):
    assert with_placeholders(sql, count, "?") == (sql if marks is None else marks)
    assert with_placeholders(sql, count, "%s") == (sql if percents is None else percents)


def test_a_wrong_number_of_values_is_an_error():
    with pytest.raises(WarehouseError, match="2 placeholders but 3 values"):
        with_placeholders("f(?, ?)", 3, "%s")


@given(st.text(alphabet="ab?'\"% -\n/*", max_size=30))
def test_rewriting_to_percent_style_and_back_changes_nothing(noise: str):
    sql = f"f(?, ?) {noise}"
    try:
        there = with_placeholders(sql, 2, "%s")
    except WarehouseError:
        return  # The noise holds placeholders itself.
    if "%s" not in sql:
        assert with_placeholders(there, 2, "?") == sql
