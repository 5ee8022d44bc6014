"""What of a text counts: equal meanings may be told apart, different ones never put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.state.fingerprint.text import cut, normalised

SAME = (
    ("select a,b\nfrom x -- hi\n", "SELECT a , b /* don't */ FROM x"),
    ("select * from {{ ref('a') }}  where x = 'A  b'", "select *\r\nfrom {{ref(\"a\")}} where x='A  b'"),
    ("{{ config(materialized='table') }}\nselect 1",
     "{{config( materialized = 'table' )}}\n\n-- c's\nselect 1"),
    ("{% macro a(x) %} case when {{ x }} then 1 end {% endmacro %}",
     "{% macro a( x ) %}\n  {# n #}\n CASE WHEN {{x}} THEN 1 -- foo\n END {% endmacro %}"),
    ("{{ config(materialized='view', tags=['a(b']) }} select 1", "{{- config(alias=f(1)) -}} select 1"),
    ("select 1 {#- c -#} , 2", "select 1,2"),
    ("select count(*) from a", "SELECT COUNT( * ) FROM a"),
    ("select '{{ var('x') }}  b'", "select   '{{ var('x') }}  b'"),
    ("{% set x = 'a' %}select 1", "{%set x='a'%}select 1"),
    ("{% if a -%}  select 1 {%- endif %}", "{% if a -%}\nselect 1{%- endif %}"),
    ("{% call statement('m') %} select  1 {% endcall %}",
     "{% call statement('m') %} SELECT 1 {% endcall %}"),
)  # fmt: skip

DIFFERENT = (
    ("select 'a  b'", "select 'a b'"),
    ("select a as Count", "select a as count"),
    ("select t.Date", "select t.date"),
    ("select A", "select a"),
    ('select "A  b"', 'select "A b"'),
    ("select `A  b`", "select `A b`"),
    ("select $$a  b$$", "select $$a b$$"),
    ("select {{ a }}_b", "select {{ a }} _b"),
    ("{{ p }}Count(1)", "{{ p }}count(1)"),
    ("select {{ 'a  b' }}", "select {{ 'a b' }}"),
    ("select '{{ 'a  b' }}'", "select '{{ 'a b' }}'"),
    ("{{ config(a=1) ~ 'x' }} select 1", "{{ config(a=2) ~ 'x' }} select 1"),
    ("select a - -1", "select a --1"),
    ("{% raw %}a  b{% endraw %}", "{% raw %}a b{% endraw %}"),
    # What is captured may end up between quotes.
    ("{% set l %}Hello   World{% endset %}select '{{ l }}'",
     "{% set l %}Hello World{% endset %}select '{{ l }}'"),
    ("{% macro l() %}Big  -- Label{% endmacro %}", "{% macro l() %}Big  -- Other{% endmacro %}"),
    # Tags in comments are carried out, and a tag may swallow the end of a comment.
    ("select 1 -- {{ x }} a", "select 1 -- {{ x }} b"),
    ("-- x\n{{- y }} z", "-- w\n{{- y }} z"),
    # Where quotes cannot be told for certain, everything counts.
    ("select 'it\\'s -- x'", "select 'it\\'s -- y'"),
    ("select 1 # '\n , 'a  b'", "select 1 # '\n , 'a b'"),
    ("select '''it's -- x'''", "select '''it's -- y'''"),
    ("select /*+ hint(a) */ 1", "select /*+ hint(b) */ 1"),
    ("{% if a %}'{% else %}\"{% endif %}x  y'", "{% if a %}'{% else %}\"{% endif %}x y'"),
)  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_layout_does_not_count(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_may_change_a_result_counts(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


TOKENS = st.sampled_from(
    ["select", "a", "B", ",", "(", ")", "'x  -- y'", '"Q  q"', "{{ ref('m') }}", "{{v}}", "-", "1",
     "from", "/", "{% if x %}", "{% endif %}", "'it''s'", "= ", ";", "as", "$$ d  d $$", "{# n #}"]
)  # fmt: skip
SPACES = st.sampled_from([" ", "\n", "  \t", " -- don't\n", "\n/* 'x */ ", "\r\n"])


@given(st.lists(TOKENS, min_size=1, max_size=14), st.data())
def test_any_spacing_of_the_same_tokens_is_the_same(
    tokens: list[str], data: st.DataObject
) -> None:
    one = "".join(token + data.draw(SPACES) for token in tokens)
    other = "".join(token + data.draw(SPACES) for token in tokens)
    assert normalised(one) == normalised(other)


@given(st.lists(TOKENS, min_size=1, max_size=14))
def test_normalising_twice_changes_nothing_more(tokens: list[str]) -> None:
    once = normalised(" ".join(tokens))
    assert normalised(once) == once


@given(st.text(alphabet="a'\"`{}%#-/*\n $\\", max_size=30))
def test_any_text_can_be_cut(text: str) -> None:
    plain, code = cut(text)
    assert isinstance(plain, str)
    assert code == "" or "{{" in text or "{%" in text


def test_code_is_what_tags_say_wherever_they_stand() -> None:
    _, code = cut(
        "select '{{ var('a') }}' -- {{ ref('b') }}\n, {# {{ var('no') }} #} {% set c = 1 %}"
    )
    assert "var('a')" in code
    assert "ref('b')" in code
    assert "set c" in code
    assert "no" not in code
