"""Rows as lists that DuckDB unnests."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from upriver.adapters.duckdb.columns import column_parameters

DAY = datetime.date(2024, 2, 29)
NOON = datetime.datetime(2024, 2, 29, 12)  # noqa: DTZ001 - seeds have no zone


@pytest.mark.parametrize(
    ("column_type", "values"),
    [
        ("integer", [1, None, 3]),
        ("bigint", [2**40, None]),
        ("varchar", ["a", None, ""]),
        ("boolean", [True, False, None]),
        ("double", [1.5, 1e300, None]),
        (
            "decimal(20,4)",
            [Decimal("0.1"), Decimal("123456789012345.9876"), Decimal("1E+3"), None],
        ),
        ("date", [DAY, None]),
        ("timestamp", [NOON, None]),
        ("time", [datetime.time(10, 30), None]),
        ("blob", [b"\x00a", None]),
        ("date", [None, None]),
    ],
)
def test_values_arrive_as_they_are(column_type: str, values: list[Any]):
    made = column_parameters([(value,) for value in values])
    assert made is not None
    (expression,), lists = made
    with duckdb.connect() as connection:
        connection.execute(f"create table t (v {column_type})")
        connection.execute(f"insert into t select {expression}", lists)
        assert [row[0] for row in connection.execute("from t").fetchall()] == values


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([Decimal("0.1"), Decimal("12.25")], ["0.1", "12.25"]),
        ([1, "a", 1.5, True, DAY, None], ["1", "a", "1.5", "true", "2024-02-29", None]),
        ([NOON, DAY], ["2024-02-29 12:00:00", "2024-02-29"]),
        ([Decimal("NaN")], ["NaN"]),
    ],
)
def test_mixtures_and_decimals_go_as_text(values: list[Any], texts: list[str | None]):
    assert column_parameters([(value,) for value in values]) == (["unnest(?::varchar[])"], [texts])


@pytest.mark.parametrize("values", [[[1, 2]], [{"a": 1}], [b"a", "b"]])
def test_other_values_are_left_to_the_driver(values: list[Any]):
    assert column_parameters([(value,) for value in values]) is None
