"""Seed files: the values were read off dbt-core 1.11 (JINJA-133, JINJA-134)."""

import datetime
from decimal import Decimal

import pytest

from upriver.problems import Problem
from upriver.run.csv_table import find_ragged, read_csv

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 (seeds have no time zone)


def column(*texts, force=()):
    body = "\n".join('"{}",z'.format(text.replace('"', '""')) for text in texts)
    return read_csv(f"a,b\n{body}\n", text_columns=force).columns[0]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1", "integer", 1), ("-1", "integer", -1), (" 1 ", "integer", 1), ("007", "integer", 7),
        ("1_000", "integer", 1000), ("1,000", "integer", 1000), ("$5", "integer", 5),
        ("5 $", "integer", 5), ("-$5", "integer", -5), ("5%", "integer", 5), ("€5", "integer", 5),
        ("1.0", "integer", 1), ("1e5", "integer", 100000), ("5.", "integer", 5),
        ("99999999999999999999", "integer", 99999999999999999999),
        ("20240102", "integer", 20240102),
        ("1.50", "number", Decimal("1.50")), (".5", "number", Decimal("0.5")),
        ("0x10", "text", "0x10"), ("(5)", "text", "(5)"), ("1 000", "text", "1 000"),
        ("1.5.2", "text", "1.5.2"), ("+-1", "text", "+-1"),
        ("true", "boolean", True), ("FALSE", "boolean", False), ("t", "text", "t"),
        ("yes", "text", "yes"),
        ("2024-01-02", "date", datetime.date(2024, 1, 2)),
        ("2024-1-2", "date", datetime.date(2024, 1, 2)),
        ("2024-13-01", "text", "2024-13-01"), ("01/02/2024", "text", "01/02/2024"),
        ("2024-01-02 03:04:05", "datetime", MOMENT),
        ("2024-01-02 03:04", "text", "2024-01-02 03:04"),
        ("2024-01-02 03:04:05.5", "text", "2024-01-02 03:04:05.5"),
        ("2024-01-02T03:04:05", "datetime", MOMENT),
        ("2024-01-02T03:04:05Z", "datetime",
         MOMENT.replace(tzinfo=datetime.UTC)),
        ("2024-01", "text", "2024-01"), ("12:30:00", "text", "12:30:00"),
        ("null", "integer", None), (" NULL ", "integer", None), ("", "integer", None),
        ("none", "text", "none"), ("n/a", "text", "n/a"), (".", "text", "."),
    ],
)  # fmt: skip
def test_one_value_decides_the_type(text, kind, value):
    got = column(text)
    assert (got.kind, got.values) == (kind, (value,))


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (("1", "2.5"), "number", (Decimal(1), Decimal("2.5"))),
        (("1", "true"), "text", ("1", "true")),
        (("2024-01-02", "2024-01-02 03:04:05"), "text", ("2024-01-02", "2024-01-02 03:04:05")),
        (("", "null", "1"), "integer", (None, None, 1)),
        (("x", "null", "", " y "), "text", ("x", None, None, " y ")),
        (("true", "null"), "boolean", (True, None)),
    ],
)
def test_the_first_type_that_fits_all_values_wins(texts, kind, values):
    got = column(*texts)
    assert (got.kind, got.values) == (kind, values)


def test_columns_with_a_given_type_stay_text():
    assert column("007", "null", force={"a"}).values == ("007", None)
    assert column("007", force={"A"}).kind == "integer"


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ("\ufeffa,b\n1,2\n", ",", {"a": (1,), "b": (2,)}),
        ("a;b\r\n1;2\r\n", ";", {"a": (1,), "b": (2,)}),
        ("a,a\n1,2\n", ",", {"a": (1,), "a_2": (2,)}),
        ("a,,c\n1,2,3\n", ",", {"a": (1,), "b": (2,), "c": (3,)}),
        ("a,b\n1\n", ",", {"a": (1,), "b": (None,)}),
        ("a,b\n\n1,2\n", ",", {"a": (None, 1), "b": (None, 2)}),
        ("a,b\n", ",", {"a": (), "b": ()}),
        ('a,b\n"x,1","li\nne"\n', ",", {"a": ("x,1",), "b": ("li\nne",)}),
        ('a,b\n"he said ""x""",2\n', ",", {"a": ('he said "x"',), "b": (2,)}),
    ],
)
def test_shapes_of_files(text, delimiter, expected):
    table = read_csv(text, delimiter=delimiter)
    assert {c.name: c.values for c in table.columns} == expected


def test_rows_are_the_columns_turned():
    assert read_csv("a,b\n1,x\n2,y\n").rows == ((1, "x"), (2, "y"))


@pytest.mark.parametrize(
    ("text", "code"), [("", "seed-empty"), ("a,b\n1,2,3\n", "seed-invalid-csv")]
)
def test_broken_files_are_problems(text, code):
    problem = read_csv(text)
    assert isinstance(problem, Problem)
    assert problem.code == code


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3\n", "Line 3 has 1 values, but the header names 2 columns"),
        ('a,b\n"x\ny",2\n3,4,5\n', "Line 4 has 3 values, but the header names 2 columns"),
        ("a,b\n1,2\n\n", None),
    ],
)
def test_ragged_lines_are_found(text: str, said: str | None) -> None:
    found = find_ragged(text)
    assert (found and found.message) == said
