"""The comment around statements, as dbt-core 1.11 places it (PROJ-246)."""

import pytest

from upriver.run.query_comment import commenter, default_comment
from upriver.workspace.settings import QueryComment


@pytest.mark.parametrize(
    ("append", "sql", "expected"),
    [
        (False, "select 1", "/* by a */\nselect 1"),
        (True, "select 1", "select 1\n/* by a */"),
        (True, "select 1 ;\n", "select 1 \n/* by a */;"),
    ],
)
def test_placement(append, sql, expected):
    mark = commenter(QueryComment(comment=None, append=append), " by a ")
    assert mark is not None
    assert mark(sql) == expected


@pytest.mark.parametrize("text", ["", "  ", "a */ drop table b"])
def test_what_is_no_comment_is_left_out(text):
    assert commenter(QueryComment(comment=None), text) is None


def test_the_default_says_who():
    assert default_comment("1.11.16", "p", "dev", None) == (
        '{"app": "dbt", "dbt_version": "1.11.16", "profile_name": "p", "target_name": "dev",'
        ' "connection_name": "master"}'
    )
