"""The inputs and the expectation of a unit test, as rows or as SQL (PROJ-209..213)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.problems import Problem
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.nodes import UnitTest
from upriver.run.calls import read_call
from upriver.run.messages import StepError

Rows = list[dict[str, Any]]


class This:
    """The input `this`: the model's own relation before it is built."""


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, or a query that gives them; neither where the input is a seed to be read."""

    rows: Rows | None = None
    sql: str | None = None


def read_input(text: str, test: UnitTest) -> RefCall | SourceCall | This:
    """Read what an input stands for: `ref('x')`, `ref('x', v=2)`, `source('a', 'b')` or `this`."""
    if text.strip().removeprefix("{{").removesuffix("}}").strip() == "this":
        return This()
    call = read_call(text)
    if call is None:
        raise invalid(test, f"the input `{text}` is not a ref, a source or `this`")
    return call


def read_fixture(given: Mapping[str, Any], test: UnitTest, files: Mapping[str, str]) -> Fixture:
    """Read the rows of an input or of the expectation; raises StepError."""
    kind = given.get("format") or "dict"
    rows = given.get("rows")
    name = given.get("fixture")
    if name:
        rows = _file(str(name), kind, test, files)
    if rows is None:
        return Fixture()
    if kind == "sql":
        return Fixture(sql=str(rows))
    if isinstance(rows, str):
        return Fixture(rows=csv_rows(rows))
    return Fixture(rows=[dict(row) for row in rows])


def csv_rows(text: str, delimiter: str = ",") -> Rows:
    """Read CSV text as rows of text; empty cells are null (PROJ-212)."""
    lines = csv.DictReader(io.StringIO(text.strip("\ufeff\r\n "), newline=""), delimiter=delimiter)
    return [
        {name.strip(): (cell or None) for name, cell in row.items() if name is not None}
        for row in lines
    ]


def invalid(test: UnitTest, message: str, hint: str | None = None) -> StepError:
    """An error in the unit test itself."""
    return StepError(
        "Compilation Error",
        Problem(
            code="unit-test-invalid",
            message=f"Unit test `{test.name}`: {message}",
            hint=hint,
            unique_id=test.unique_id,
        ),
    )


def _file(name: str, kind: str, test: UnitTest, files: Mapping[str, str]) -> str:
    extension = "sql" if kind == "sql" else "csv"
    text = files.get(f"{name}.{extension}")
    if text is None:
        raise invalid(
            test,
            f"there is no fixture file `{name}.{extension}`",
            "Fixtures are files of a `fixtures` directory below a test path",
        )
    return text
