{% macro save(results) %}
  {% if execute %}
    create table if not exists {{ target.schema }}.saved (id varchar, status varchar, failures integer, message varchar);
    {% for r in results %}
    insert into {{ target.schema }}.saved values ('{{ r.node.unique_id }}', '{{ r.status }}', {{ r.failures if r.failures is not none else 'null' }}, '{{ r.message | replace("'", "") if r.message and r.status in ("pass", "warn", "fail", "success") else "" }}');
    {% endfor %}
  {% endif %}
{% endmacro %}
{% macro default__test_dispatched(model, column_name) %}select 1 as a from {{ model }} where {{ column_name }} is null{% endmacro %}
{% macro duckdb__test_dispatched(model, column_name) %}select {{ column_name }}, 'duck' as a from {{ model }} where {{ column_name }} > 2{% endmacro %}
