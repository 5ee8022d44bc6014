from __future__ import annotations

import hashlib

import pytest
from tests.jinja.parse_worlds import parse_world
from tests.parse.source_files import source_file

from upriver.parse.file import parse_file
from upriver.problems import Span
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.definitions import ParsedFile, SqlDefinition
from upriver.resources.files import FileKind

WORLD = parse_world({"shop": "{% macro cents(c) %}{{ c }}/100{% endmacro %}\n"
                             "{% macro loud(c) %}\n{{ ref(c) }}{% endmacro %}"})  # fmt: skip


def parse(path: str, text: str, kind: FileKind = "model") -> ParsedFile:
    return parse_file(source_file(path, kind, text), text, WORLD)


def only(parsed: ParsedFile) -> SqlDefinition:
    (made,) = parsed.definitions
    assert isinstance(made, SqlDefinition)
    return made


def test_a_model_is_its_stripped_text_and_what_it_asks_for() -> None:
    text = "\n\n  {{ config(materialized='table') }}\nselect * from {{ ref('a') }}\n"
    parsed = parse("models/mart/orders.v1.sql", text)
    made = only(parsed)
    assert parsed.problems == ()
    assert (made.kind, made.name, made.package) == ("model", "orders.v1", "shop")
    assert (made.path, made.original_file_path) == (
        "mart/orders.v1.sql",
        "models/mart/orders.v1.sql",
    )
    assert made.raw_code == text.strip()
    assert made.checksum == hashlib.sha256(text.strip().encode()).hexdigest()
    assert made.line == 3
    assert made.facts == Facts(refs=(RefCall(name="a"),), configs=({"materialized": "table"},))


@pytest.mark.parametrize(
    ("kind", "path", "expected_kind", "expected_path"),
    [
        ("analysis", "analyses/sub/q.sql", "analysis", "analysis/sub/q.sql"),
        ("singular_test", "tests/sub/t.sql", "test", "sub/t.sql"),
    ],
)
def test_analyses_and_singular_tests_are_like_models(
    kind: FileKind, path: str, expected_kind: str, expected_path: str
) -> None:
    made = only(parse(path, "select {{ source('s', 't') }}", kind))
    assert (made.kind, made.path) == (expected_kind, expected_path)
    assert made.facts.sources == (SourceCall(source="s", table="t"),)


def test_what_cannot_be_read_off_is_rendered() -> None:
    made = only(parse("models/a.sql", "{{ loud('b') }}{{ config(a=var('x', 'y')) }}"))
    assert made.facts == Facts(
        refs=(RefCall(name="b"),),
        configs=({"a": "y"},),
        macros=("macro.shop.loud",),
    )


@pytest.mark.parametrize(
    ("text", "code", "span"),
    [
        ("\n\nselect 1\n{% if %}", "jinja-syntax", Span(file="models/a.sql", line=4)),
        ("a\n{% fi x %}", "jinja-unknown-tag", Span(file="models/a.sql", line=2)),
        ("\n{{ 1 / 0 }}", "jinja-error", Span(file="models/a.sql", line=2)),
        ("{{ loud(1) }}", "ref-arguments", Span(file="macros/m.sql", line=3)),
    ],
)
def test_a_broken_model_is_defined_and_reported(text: str, code: str, span: Span) -> None:
    parsed = parse("models/a.sql", text)
    assert only(parsed).facts == Facts()
    (problem,) = parsed.problems
    assert (problem.code, problem.span) == (code, span)
    assert problem.unique_id == "model.shop.a"


def test_snapshot_blocks_are_cut_out_of_their_file() -> None:
    text = "intro\n{% snapshot one %}\n select {{ ref('a') }}\n{% endsnapshot %}\n"
    text += "{% snapshot two -%} x {%- endsnapshot %}"
    parsed = parse("snapshots/s.sql", text, "snapshot")
    first, second = parsed.definitions
    assert isinstance(first, SqlDefinition)
    assert isinstance(second, SqlDefinition)
    assert (first.name, first.raw_code, first.line) == ("one", "\n select {{ ref('a') }}\n", 2)
    assert (second.name, second.raw_code) == ("two", "x")
    assert first.checksum == second.checksum == parsed.checksum
    assert first.facts.refs == (RefCall(name="a"),)


def test_a_snapshot_defined_twice_is_reported_with_both_places() -> None:
    text = "{% snapshot a %}1{% endsnapshot %}\n{% snapshot a %}2{% endsnapshot %}"
    parsed = parse("snapshots/s.sql", text, "snapshot")
    assert only(parsed).raw_code == "1"
    (problem,) = parsed.problems
    assert (problem.code, problem.span) == (
        "duplicate-block",
        Span(file="snapshots/s.sql", line=2),
    )
    assert problem.related == (Span(file="snapshots/s.sql", line=1),)
