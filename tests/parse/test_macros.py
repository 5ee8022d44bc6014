from __future__ import annotations

from tests.jinja.parse_worlds import parse_world
from tests.parse.source_files import source_file

from upriver.parse.macros import parse_macros
from upriver.problems import Span
from upriver.resources.definitions import ParsedFile

WORLD = parse_world({})


def parse(text: str, path: str = "macros/m.sql") -> ParsedFile:
    return parse_macros(source_file(path, "macro", text), text, WORLD)


def test_every_kind_of_block_becomes_a_macro() -> None:
    text = """
{% macro f(a, b: str = 'x') %}{{ g(a) }}{{ adapter.dispatch('h', 'ns')() }}{% endmacro %}
{% test positive(model, column_name) %}select 1{% endtest %}
{% data_test negative(model) %}select 1{% enddata_test %}
{% materialization m, adapter='duckdb', supported_languages=['sql', 'python'] %}x
{% endmaterialization %}
{% materialization m, default %}x{% endmaterialization %}"""
    parsed = parse(text)
    assert parsed.problems == ()
    assert [(macro.name, macro.kind, macro.line) for macro in parsed.macros] == [
        ("f", "macro", 2),
        ("test_positive", "test", 3),
        ("test_negative", "test", 4),
        ("materialization_m_duckdb", "materialization", 5),
        ("materialization_m_default", "materialization", 7),
    ]
    first = parsed.macros[0]
    assert first.unique_id == "macro.shop.f"
    assert first.macro_sql == text.splitlines()[1]
    assert [(made.name, made.type) for made in first.arguments] == [("a", None), ("b", "str")]
    assert (first.calls, first.dispatches) == (("g",), (("h", "ns"),))
    assert parsed.macros[3].supported_languages == ("sql", "python")
    assert parsed.macros[4].supported_languages == ("sql",)
    assert first.supported_languages is None


def test_everything_wrong_in_a_file_is_reported_at_once() -> None:
    text = """{% set x = 1 %}
{% macro f() %}{{ a( }}{% endmacro %}
{% macro f() %}{% endmacro %}
{% macro g() %}{% if a %}
{% endmacro %}
{% macro h() %}"""
    parsed = parse(text)
    found = {
        (problem.code, problem.span.line if problem.span else None) for problem in parsed.problems
    }
    assert found == {
        ("unexpected-jinja-block", 1),
        ("jinja-syntax", 2),
        ("duplicate-macro", 3),
        ("jinja-unknown-tag", 5),
        ("unclosed-block", 6),
    }
    assert [macro.name for macro in parsed.macros] == ["f", "g"]


def test_a_duplicate_names_the_first_place() -> None:
    text = "{% test a(m) %}{% endtest %}\n{% macro test_a(m) %}{% endmacro %}"
    (problem,) = parse(text).problems
    assert problem.span == Span(file="macros/m.sql", line=2)
    assert problem.related == (Span(file="macros/m.sql", line=1),)
