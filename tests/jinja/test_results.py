"""Results of statements (JINJA-60, JINJA-127..134); expected values are what dbt gives."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest

from upriver.jinja.errors import CompilationError
from upriver.jinja.results import (
    ResponseView,
    Results,
    Table,
    answer_parts,
    table_of,
    unique_names,
)
from upriver.resources.answers import Answer, Response

DAY = datetime.date(2024, 1, 2)
TIME = datetime.datetime(2024, 1, 2, 3, 4)  # noqa: DTZ001 - warehouses give naive times
ONE_UUID = uuid.UUID(int=1)


def table(*rows: tuple[Any, ...], names: tuple[str, ...] = ("a", "b")) -> Table:
    return table_of(Answer(response=Response(message="OK"), column_names=names, rows=rows))


def test_rows_columns_and_cells() -> None:
    made = table((1, "x"), (2, None), (1, "y"))
    assert (len(made), made.column_names) == (3, ("a", "b"))
    assert (made.rows[0]["b"], made.rows[0][1], made.rows[-1].get("b")) == ("x", "x", "y")
    assert made.rows[0].get("no", 5) == 5
    assert (made.rows[0].values(), made.rows[0].dict()) == ((1, "x"), {"a": 1, "b": "x"})
    assert made.rows[0] == (1, "x")
    assert [row["a"] for row in made] == [1, 2, 1]
    assert (made[0][0], made[-1]["b"], len(made[:2])) == (1, "y", 2)
    assert [tuple(row) for row in made.rows[1:]] == [(2, None), (1, "y")]
    assert made.columns.keys() == ("a", "b")
    assert [(name, column.values()) for name, column in made.columns.items()] == [
        ("a", (1, 2, 1)), ("b", ("x", None, "y")),
    ]  # fmt: skip
    column = made.columns["b"]
    assert (column.name, column.index, len(column), column[0]) == ("b", 1, 3, "x")
    assert column.values_sorted() == ["x", "y", None]
    assert column.values_without_nulls() == ("x", "y")
    assert made.columns["a"].values_distinct() == (1, 2)
    with pytest.raises(KeyError):
        made.rows[0]["no"]


def test_tables_of_tables() -> None:
    made = table((1, "x"), (2, "y"))
    assert made.select(["b"]).rows[0].values() == ("x",)
    assert made.exclude("b").column_names == ("a",)
    assert made.rename({"a": "z"}).column_names == ("z", "b")
    assert made.rename(["p", "q"]).rows[0]["q"] == "x"
    assert (len(made.limit(1)), made.limit(1, 2).rows[0]["a"]) == (1, 2)
    assert made.group_by("b").keys() == ("x", "y")
    with pytest.raises(AttributeError):
        _ = made.no_such_thing


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (("a", "a", "A"), ("a", "a_2", "A")),
        (("a", "a", "a"), ("a", "a_2", "a_3")),
        (("a", "a_2", "a"), ("a", "a_2", "a_3")),
    ],
)
def test_repeated_names_get_numbers(names: tuple[str, ...], unique: tuple[str, ...]) -> None:
    assert unique_names(names) == unique


def test_results_are_given_out_once_except_main() -> None:
    results = Results()
    response, made = answer_parts(
        Answer(
            response=Response(message="SELECT 1", rows_affected=1, extra={"query_id": "q"}),
            column_names=("a",),
            rows=((1,),),
        )
    )
    assert results.store_named("one", response, made) == ""
    found = results.load("one")
    assert found is not None
    assert (found.data, found["table"].column_names) == ([(1,)], ("a",))
    assert (str(found.response), found.response.query_id) == ("SELECT 1", "q")
    with pytest.raises(CompilationError) as caught:
        results.load("one")
    assert caught.value.code == "result-loaded-twice"
    results.store_raw("main", message="done", code="X", rows_affected="7")
    main = results.load("main")
    assert main is not None
    assert main is results.load("main")
    assert isinstance(main["response"], Response)
    assert (main.response.rows_affected, main.data) == (7, [])
    assert results.load("never") is None


def test_a_response_as_plain_data() -> None:
    view = ResponseView(message="OK", extra={"slot": 1})
    assert view.to_dict(omit_none=True) == {"_message": "OK", "slot": 1}
    assert view.response == Response(message="OK", extra={"slot": 1})
    with pytest.raises(AttributeError):
        _ = view.no
