from __future__ import annotations

from upriver.jinja.tables.cursor import CursorView
from upriver.resources.answers import Answer, Response

ANSWER = Answer(
    response=Response(message="SELECT 3", rows_affected=3),
    column_names=("a", "b"),
    column_types=("INTEGER", "VARCHAR"),
    rows=((1, "x"), (2, "y"), (3, "z")),
)


def test_rows_are_given_once_each() -> None:
    cursor = CursorView(ANSWER)
    assert cursor.fetchone() == (1, "x")
    assert cursor.fetchmany(1) == [(2, "y")]
    assert cursor.fetchall() == [(3, "z")]
    assert cursor.fetchone() is None
    assert cursor.fetchall() == []


def test_what_is_known_of_the_rows() -> None:
    cursor = CursorView(ANSWER)
    assert [column[:2] for column in cursor.description] == [("a", "INTEGER"), ("b", "VARCHAR")]
    assert cursor.rowcount == 3
    assert list(cursor) == list(ANSWER.rows)
    assert CursorView(Answer(response=Response(message="OK"))).rowcount == -1
