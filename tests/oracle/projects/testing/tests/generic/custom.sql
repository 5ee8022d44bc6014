{% test dispatched(model, column_name) %}{{ return(adapter.dispatch('test_dispatched')(model, column_name)) }}{% endtest %}
{% test row_count(model, expected, compare_to=none) %}
  {{ config(severity='warn', fail_calc='max(n)', tags=['counts']) }}
  select count(*) as n from {{ model }} having count(*) != {{ expected }}
  {% if compare_to is not none %}union all select -1 from {{ compare_to }} where 1 = 0{% endif %}
{% endtest %}
{% test uses_config(model, column_name, list=[], mapping={}) %}
  {%- set where = config.get('where', 'none') -%}
  -- {{ list | join('|') }} {{ mapping.items() | list }}
  select {{ column_name }} as "{{ where | replace('"', '') }}" from {{ model }} where {{ column_name }} in ({{ list | join(', ') if list else 'null' }})
{% endtest %}
{% test not_null(model, column_name) %}
  select {{ column_name }}, 'ours' as who from {{ model }} where {{ column_name }} is null
{% endtest %}
