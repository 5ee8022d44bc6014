{% macro with_args(a, b='two') %}{{ a }}|{{ b }}|{{ varargs }}|{{ kwargs }}|{{ caller is defined }}{% endmacro %}
{% macro uses_varargs(a) %}{{ a }}:{{ varargs | join(',') }}:{{ kwargs.items() | list }}{% endmacro %}
{% macro returns_list() %}{{ return([1, 'two', none, {'k': 2.5}]) }}{% endmacro %}
{% macro returns_early(x) %}{% if x %}{{ return('early') }}{% endif %}late{% endmacro %}
{% macro calls_caller() %}<{{ caller() }}>{% endmacro %}
{% macro recursive(n) %}{{ n }}{% if n > 0 %},{{ recursive(n - 1) }}{% endif %}{% endmacro %}
{% macro _private() %}private{% endmacro %}
{% macro default__speak() %}'default'{% endmacro %}
{% macro duckdb__speak() %}'duckdb'{% endmacro %}
{% macro speak() %}{{ adapter.dispatch('speak')() }}{% endmacro %}
{% macro speak_ns() %}{{ adapter.dispatch('speak', 'jinja')() }}{% endmacro %}
{% macro set_in_macro() %}{% set inner = 'set inside' %}{{ inner }}{% endmacro %}
{%- macro trimmed() -%}   trimmed   {%- endmacro -%}
{% macro get_statuses(relation) %}
  {% set q %}select distinct status from {{ relation }} order by 1{% endset %}
  {% if execute %}{{ return(run_query(q).columns[0].values()) }}{% endif %}
  {{ return([]) }}
{% endmacro %}
