"""Which macros can record nothing while parsing."""

from __future__ import annotations

import pytest
from tests.jinja.contexts import world

from upriver.jinja.inert import is_inert

OWN = """
{% macro plain(x) %}{{ x | upper }}{{ target.name }}{% endmacro %}
{% macro calls_plain() %}{{ plain('a') }}{{ shop.plain('b') }}{% endmacro %}
{% macro reads() %}select * from {{ ref('a') }}{% endmacro %}
{% macro calls_reads() %}{{ reads() }}{% endmacro %}
{% macro sets() %}{{ config(materialized='x') }}{% endmacro %}
{% macro block() %}{{ caller() }}{% endmacro %}
{% macro any_name(n) %}{{ context[n]() }}{% endmacro %}
{% macro plain_var() %}{{ var('plain') }}{{ var('absent', 1) }}{% endmacro %}
{% macro loud_var() %}{{ var('loud') }}{% endmacro %}
{% macro some_var(n) %}{{ var(n) }}{% endmacro %}
{% macro picks() %}{{ adapter.dispatch('pick', 'shop')() }}{% endmacro %}
{% macro default__pick() %}x{% endmacro %}
{% macro picks_loud() %}{{ adapter.dispatch('loud')() }}{% endmacro %}
{% macro default__loud() %}{{ source('a', 'b') }}{% endmacro %}
{% macro picks_any(n) %}{{ adapter.dispatch(n)() }}{% endmacro %}
{% macro picks_none() %}{{ adapter.dispatch('nothing')() }}{% endmacro %}
{% macro round_trip() %}{{ back() }}{% endmacro %}
{% macro back() %}{{ round_trip() }}{% endmacro %}
"""
WORLD = world(OWN, is_executing=False, variables={"plain": "x", "loud": "{{ ref('a') }}"})


@pytest.mark.parametrize(
    "name",
    ["plain", "shop.plain", "calls_plain", "plain_var", "picks", "round_trip", "dbt.type_string",
     "dbt.dateadd", "type_int"],
)  # fmt: skip
def test_inert(name: str) -> None:
    assert is_inert(WORLD, name, "shop")


@pytest.mark.parametrize(
    "name",
    ["reads", "calls_reads", "sets", "block", "any_name", "loud_var", "some_var", "picks_loud",
     "picks_any", "picks_none", "no_such_macro", "dbt.run_query", "statement"],
)  # fmt: skip
def test_not_inert(name: str) -> None:
    assert not is_inert(WORLD, name, "shop")
