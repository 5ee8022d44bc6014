from __future__ import annotations

import pytest
from tests.parse.source_files import source_file

from upriver.parse.python import parse_python
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.definitions import ParsedFile, SqlDefinition


def parse(text: str) -> ParsedFile:
    return parse_python(source_file("models/p.py", "python_model", text), text)


def test_a_python_model_links_and_warns() -> None:
    parsed = parse("""
def model(dbt, session):
    dbt.config(materialized="table", tags=["a"])
    rows = dbt.source("s", "t")
    return dbt.ref("shop", "b", v=2), dbt.ref("a"), dbt.ref("a")
""")
    (made,) = parsed.definitions
    assert isinstance(made, SqlDefinition)
    assert (made.name, made.language) == ("p", "python")
    assert made.facts == Facts(
        refs=(RefCall(name="b", package="shop", version=2), RefCall(name="a"), RefCall(name="a")),
        sources=(SourceCall(source="s", table="t"),),
        configs=({"materialized": "table", "tags": ["a"]},),
    )
    assert [(found.code, found.severity) for found in parsed.problems] == [
        ("python-model-unsupported", "warning")
    ]


@pytest.mark.parametrize(
    "line", ["return dbt.ref(name)", "return dbt.ref()", "return dbt.source(1, 2)", "return ("]
)
def test_what_cannot_be_read_is_reported_at_its_line(line: str) -> None:
    parsed = parse(f"def model(dbt, session):\n    {line}")
    unreadable = [made for made in parsed.problems if made.code == "python-model-unreadable"]
    assert [made.span.line for made in unreadable if made.span] == [2]
