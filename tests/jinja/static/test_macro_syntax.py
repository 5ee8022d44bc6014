"""A macro that is found sound is one that Jinja parses, whatever was done to its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.jinja.environment import check_syntax
from upriver.jinja.errors import Origin
from upriver.jinja.static.macro_syntax import is_sound_macro

SOUND = (
    "{% macro a() %}x{% endmacro %}",
    "{%- macro a(b, c=1, d='x') -%} {{ b ~ c[1:] }} {%- endmacro -%}",
    "{% macro a(b) %}{% set n, m = 1, 2 %}{% if b is none %}{{ f(b, x=+1) }}{% else %}"
    "{% for i in range(3) if i %}{{ i | join(',') }}{% endfor %}{% endif %}{% endmacro %}",
    "{% macro a(b) %}{# a comment #}{% do b.append({'k': [1]}) %}{% call f(b) %}x{% endcall %}"
    "{% endmacro %}",
)
PARTS = (
    "{{", "}}", "{%", "%}", "'", '"', "(", ")", "[", "]", "{", "}", ",", "|", " if ", " else ",
    " in ", " not ", " is ", "=", ":", ".", "~", "-", "+", "true", " none ", "set ", "for ", "1",
    "\\", " and ", "endmacro", " x ", "!", "*",
)  # fmt: skip


@pytest.mark.parametrize("text", SOUND)
def test_ordinary_macros_are_sound(text: str) -> None:
    assert is_sound_macro(text)


@pytest.mark.parametrize(
    "text",
    [
        "{% macro a(b, %}x{% endmacro %}",
        "{% macro a(b=1, c) %}x{% endmacro %}",
        "{% macro a(b,) %}x{% endmacro %}",
        "{% macro a(true) %}x{% endmacro %}",
        "{% macro a() %}{% set none = 1 %}{% endmacro %}",
        "{% macro a() %}{% if b if c %}{% endif %}{% endmacro %}",
        "{% macro a() %}{{ f(+b=1) }}{% endmacro %}",
        "{% macro a() %}{{ b[:c d] }}{% endmacro %}",
        "{% macro a() %}{{ b[1:2:3:4] }}{% endmacro %}",
        "{% macro a() %}{% if b %}{% endmacro %}",
    ],
)
def test_broken_macros_are_not(text: str) -> None:
    assert not is_sound_macro(text)


@given(
    text=st.sampled_from(SOUND),
    edits=st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 4), st.sampled_from(PARTS)), max_size=3
    ),
)
def test_what_is_sound_is_parsed(text: str, edits: list[tuple[int, int, str]]) -> None:
    for place, length, part in edits:
        start = place % (len(text) + 1)
        text = text[:start] + part + text[start + length :]
    if is_sound_macro(text) and text.count("endmacro") == 1:
        check_syntax(text, Origin(file="macros/a.sql"))
