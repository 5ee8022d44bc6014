from __future__ import annotations

import pytest
from tests.parse.source_files import source_file

from upriver.parse.python import parse_python
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.definitions import ParsedFile, SqlDefinition


def parse(text: str) -> ParsedFile:
    return parse_python(source_file("models/p.py", "python_model", text), text)


def test_a_python_model_links() -> None:
    parsed = parse("""
def model(dbt, session):
    dbt.config(materialized="table", tags=["a"])
    rows = dbt.source("s", "t")
    limit = dbt.config.get("limit", 5), dbt.config.get("day"), dbt.config.meta_get("owner")
    return dbt.ref("shop", "b", v=2).union(dbt.ref("a")).union(dbt.ref("a"))
""")
    (made,) = parsed.definitions
    assert isinstance(made, SqlDefinition)
    assert (made.name, made.language, made.line) == ("p", "python", 2)
    assert made.facts == Facts(
        refs=(RefCall(name="b", package="shop", version=2), RefCall(name="a"), RefCall(name="a")),
        sources=(SourceCall(source="s", table="t"),),
        configs=(
            {"materialized": "table", "tags": ["a"]},
            {
                "config_keys_used": ["limit", "day"],
                "config_keys_defaults": [5, None],
                "meta_keys_used": ["owner"],
                "meta_keys_defaults": [None],
            },
        ),
    )
    assert parsed.problems == ()


@pytest.mark.parametrize(
    "line",
    ["return dbt.ref(name)", "return dbt.ref()", "return dbt.source(1, 2)", "return (",
     "return dbt.source('s')", "return dbt.ref('a', 'b', 'c')", "return dbt.config.get(key)"],
)  # fmt: skip
def test_what_cannot_be_read_is_reported_at_its_line(line: str) -> None:
    parsed = parse(f"\n\ndef model(dbt, session):\n    {line}")
    unreadable = [made for made in parsed.problems if made.code == "python-model-unreadable"]
    assert [made.span.line for made in unreadable if made.span] == [4]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("x = 1", "python-model-shape", None),
        ("def model(dbt, s): return 1\ndef model(dbt, s): return 1", "python-model-shape", 2),
        ("class A:\n    def model(self): return 1\ndef model(dbt, s): return 1",
         "python-model-shape", 3),
        ("def model(dbt): return 1", "python-model-shape", 1),
        ("def model(d, session): return 1", "python-model-shape", 1),
        ("def model(dbt, session):\n    pass", "python-model-shape", 2),
        ("def model(dbt, session):\n    return 1, 2", "python-model-shape", 2),
        ("async def model(dbt, session): return 1", "python-model-shape", None),
        ("def model(dbt, session):\n    x = '{{ ref(\"a\") }}'\n    return x",
         "python-model-template", 2),
    ],
)  # fmt: skip
def test_a_model_of_another_shape_is_an_error(text: str, code: str, line: int | None) -> None:
    (problem,) = parse(text).problems
    assert (problem.code, problem.severity) == (code, "error")
    assert problem.span is not None
    assert problem.span.line == line


def test_braces_of_python_are_no_template() -> None:
    code = "def model(dbt, session):\n    x = {1: {2: 3}}\n    return f'{{{x}}}'"
    assert parse(code).problems == ()
