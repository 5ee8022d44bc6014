"""Kinds of columns (JINJA-109, JINJA-132..134); expected values are what dbt gives."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

import pytest

from upriver.jinja.results import Table, table_of
from upriver.jinja.tables.kinds import column_type
from upriver.resources.answers import Answer, Response

DAY = datetime.date(2024, 1, 2)
TIME = datetime.datetime(2024, 1, 2, 3, 4)  # noqa: DTZ001 - warehouses give naive times
ONE_UUID = uuid.UUID(int=1)


@pytest.mark.parametrize(
    ("values", "settled", "kind"),
    [
        ((1, None, 2**80), (1, None, 2**80), "Integer"),
        ((Decimal("1.50"),), (Decimal("1.50"),), "Number"),
        ((1.5, None), (Decimal("1.5"), None), "Number"),
        ((1, Decimal("2.5")), (Decimal(1), Decimal("2.5")), "Number"),
        ((True, None), (True, None), "Boolean"),
        (("5", "2024-01-01"), ("5", "2024-01-01"), "Text"),
        ((DAY,), (DAY,), "Date"),
        ((TIME,), (TIME,), "DateTime"),
        ((datetime.time(1, 2),), ("01:02:00",), "Text"),
        (([1, 2], None), ("[1, 2]", None), "Text"),
        (({"a": 1}, (1,)), ('{"a": 1}', "[1]"), "Text"),
        ((ONE_UUID, None), (str(ONE_UUID), None), "Text"),
        ((None, None), (None, None), "Integer"),
    ],
)
def test_columns_have_one_kind(values: Any, settled: Any, kind: str) -> None:
    rows = tuple((value,) for value in values)
    made = table_of(Answer(response=Response(message="OK"), column_names=("a",), rows=rows))
    assert made.columns["a"].values() == settled
    assert made.columns[0].data_type.name == kind


@pytest.mark.parametrize(
    ("value", "as_json", "as_csv"),
    [
        (Decimal("1.5"), 1.5, "1.5"),
        (7, 7, "7"),
        (True, True, "True"),
        ("a", "a", "a"),
        (DAY, "2024-01-02", "2024-01-02"),
        (TIME, "2024-01-02T03:04:00", "2024-01-02T03:04:00"),
        (None, None, None),
    ],
)
def test_a_kind_writes_values(value: Any, as_json: Any, as_csv: Any) -> None:
    answer = Answer(response=Response(message="OK"), column_names=("a",), rows=((value,),))
    kind = table_of(answer).columns[0].data_type
    assert kind.jsonify(value) == as_json
    assert kind.csvify(value) == as_csv


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, None), "integer"),
        ((2**40,), "bigint"),
        ((1.0, 2.0), "integer"),
        ((1.5,), "float8"),
        ((float("nan"),), "float8"),
        ((True,), "boolean"),
        ((DAY,), "date"),
        ((TIME,), "timestamp without time zone"),
        (("x",), "text"),
        ((None,), "integer"),
    ],
)
def test_column_types(values: tuple[Any, ...], expected: str) -> None:
    assert column_type(Table(("a",), [(value,) for value in values]), 0) == expected
