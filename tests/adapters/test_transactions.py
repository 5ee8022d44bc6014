"""Noticing SQL that begins and ends transactions."""

from __future__ import annotations

import pytest

from upriver.adapters.transactions import may_change_transaction, rolls_back


@pytest.mark.parametrize(
    ("sql", "changes", "undoes"),
    [
        ("begin", True, False),
        ("  COMMIT;", True, False),
        ('/* {"app": "dbt"} */\n commit;', True, False),
        ("-- note\nstart  transaction", True, False),
        ("insert into t values (1); commit", True, False),
        ("insert into t values (1);\n rollback;", True, True),
        ("abort", True, True),
        ("rollback to savepoint a", True, False),
        ("select case when a then b end from t", False, False),
        ("select 'begin' as word", False, False),
        ("-- begin", False, False),
        ("create table beginning (a int)", False, False),
    ],
)
def test_words_at_the_start_of_a_statement_count(sql: str, changes: bool, undoes: bool):  # noqa: FBT001
    assert may_change_transaction(sql) is changes
    assert rolls_back(sql) is undoes
