from __future__ import annotations

import pytest

from upriver.jinja.blocks import KINDS, Block, find_blocks

MACROS = frozenset({"macro", "materialization", "test", "data_test"})


def one(text: str) -> Block:
    blocks, problems = find_blocks(text, KINDS, file="f.sql")
    assert not problems
    (block,) = blocks
    return block


def test_a_block_is_cut_with_its_tags_and_its_place() -> None:
    block = one("intro\n\n{%- macro f(a, b=1) -%}\n  x\n{% endmacro %} rest")
    assert block.kind == "macro"
    assert block.name == "f"
    assert block.header == "(a, b=1)"
    assert block.text == "{%- macro f(a, b=1) -%}\n  x\n{% endmacro %}"
    assert block.body == "x\n"
    assert (block.line, block.body_line) == (3, 4)


@pytest.mark.parametrize(
    "inside",
    [
        "{# {% endmacro %} #}",
        "{% raw %}{% endmacro %}{% endraw %}",
        "{{ '{% endmacro %}' }}",
        '{% set x = "{% endmacro %}" %}',
        "{{ {'a': {'b': 1}} }}",
        "{% call f() %}{% endcall %}{% if x %}{% else %}{% endif %}",
        "100 % } { { %",
        "it's {{ \"it's\" }}",
    ],
)
def test_what_only_looks_like_an_end_is_stepped_over(inside: str) -> None:
    text = f"{{% macro f() %}}{inside}{{% endmacro %}}"
    assert one(text).text == text


def test_blocks_in_comments_and_raw_sections_are_text() -> None:
    text = "{# {% macro a() %} #}{% raw %}{% macro b() %}{% endraw %}{{ '{% macro c() %}' }}"
    assert find_blocks(text, KINDS, file="f") == ((), ())


def test_whitespace_control_reaches_into_the_body() -> None:
    assert one("{% snapshot s -%}  a  {%- endsnapshot %}").body == "a"
    assert one("{% snapshot s %}  a  {% endsnapshot %}").body == "  a  "


def test_white_space_belongs_to_a_macro_but_not_at_the_ends_of_the_file() -> None:
    text = "\n{%- macro f() -%}{%- endmacro -%}\n\n{% macro g() %}{% endmacro -%}\n"
    blocks, _ = find_blocks(text, KINDS, file="f")
    assert [block.space for block in blocks] == [("", "\n\n"), ("", "")]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("\n{% macro f() %}", "unclosed-block", 2),
        ("{% macro f() %}\n{% macro g() %}{% endmacro %}", "nested-block", 2),
        ("{% macro f() %}\n{{ 'x ", "unclosed-jinja", 2),
        ("\n{# never", "unclosed-jinja", 2),
        ("{% raw %}\n", "unclosed-jinja", 1),
        ("\n{% if x %}", "unclosed-jinja", 2),
        ("{% if x %}\n{% macro f() %}{% endmacro %}{% endif %}", "block-in-control-flow", 2),
        ("\n{% endmacro %}", "unexpected-jinja-block", 2),
        ("\n{% set x = 1 %}", "unexpected-jinja-block", 2),
        ("{% macro %}{% endmacro %}", "block-without-name", 1),
    ],
)
def test_what_is_wrong_is_reported_at_its_line(text: str, code: str, line: int) -> None:
    _, problems = find_blocks(text, MACROS, file="macros/f.sql")
    found = next(problem for problem in problems if problem.code == code)
    assert found.span is not None
    assert (found.span.file, found.span.line) == ("macros/f.sql", line)


def test_a_broken_block_does_not_hide_the_next() -> None:
    text = "{% macro f() %}{% macro g() %}a{% endmacro %}"
    blocks, problems = find_blocks(text, MACROS, file="f")
    assert [block.name for block in blocks] == ["g"]
    assert [problem.code for problem in problems] == ["nested-block"]


def test_a_misspelled_tag_is_named() -> None:
    _, problems = find_blocks("{% marco f() %}", MACROS, file="f")
    assert problems[0].hint == "Did you mean `macro`?"
    assert problems[0].severity == "warning"


def test_a_long_text_without_an_end_costs_no_more_than_its_length() -> None:
    text = "{% macro f() %}" + "{{ a }} { ' { % } " * 20_000
    _, problems = find_blocks(text, MACROS, file="f")
    assert [problem.code for problem in problems] == ["unclosed-block"]
