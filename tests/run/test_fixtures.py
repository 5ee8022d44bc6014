"""Inputs and rows of unit tests."""

import pytest

from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.nodes import UnitTest
from upriver.run.fixtures import Fixture, This, csv_rows, read_fixture, read_input
from upriver.run.messages import StepError

TEST = UnitTest(
    unique_id="unit_test.p.m.t", name="t", package="p", path="s.yml",
    original_file_path="models/s.yml", fqn=("p", "m", "t"), model="m", given=(), expect={},
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ref('x')", RefCall(name="x")),
        ("ref('pkg', 'x')", RefCall(name="x", package="pkg")),
        ('ref("x", v=2)', RefCall(name="x", version=2)),
        ("ref('x', version='a')", RefCall(name="x", version="a")),
        ("{{ ref('x') }}", RefCall(name="x")),
        ("source('raw','t')", SourceCall(source="raw", table="t")),
    ],
)
def test_inputs(text, expected):
    assert read_input(text, TEST) == expected


def test_this_is_an_input():
    assert isinstance(read_input("this", TEST), This)


@pytest.mark.parametrize("text", ["", "stg", "ref(x)", "source('a')", "ref('x'"])
def test_anything_else_is_a_mistake(text):
    with pytest.raises(StepError, match="is not a ref"):
        read_input(text, TEST)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"rows": [{"a": 1}]}, Fixture(rows=[{"a": 1}])),
        ({"rows": []}, Fixture(rows=[])),
        ({}, Fixture()),
        ({"format": "csv", "rows": "a,b\n1,\n"}, Fixture(rows=[{"a": "1", "b": None}])),
        ({"format": "sql", "rows": "select 1"}, Fixture(sql="select 1")),
        ({"format": "csv", "fixture": "f"}, Fixture(rows=[{"a": "1"}])),
        ({"format": "sql", "fixture": "f"}, Fixture(sql="select 2")),
    ],
)
def test_rows(given, expected):
    assert read_fixture(given, TEST, {"f.csv": "a\n1\n", "f.sql": "select 2"}) == expected


def test_a_missing_fixture_file_is_named():
    with pytest.raises(StepError, match=r"no fixture file `g\.csv`"):
        read_fixture({"format": "csv", "fixture": "g"}, TEST, {})


def test_csv_rows_stay_text():
    assert csv_rows("id, n\n1,it's\n") == [{"id": "1", "n": "it's"}]
