{% macro noted(what) %}
create schema if not exists {{ target.schema }}; create table if not exists {{ target.schema }}.log (n integer, what varchar);
insert into {{ target.schema }}.log values (5, '{{ what }}')
{% endmacro %}
