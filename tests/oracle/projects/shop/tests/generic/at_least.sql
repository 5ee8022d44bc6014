{% test at_least(model, column_name, minimum=0, other=none) %}
  {{ config(fail_calc='coalesce(sum(missing), 0)', meta={'from': 'macro'}) }}
  select {{ column_name }}, 1 as missing from {{ model }} where {{ column_name }} < {{ minimum }}
  {% if other %} union all select null, 0 from {{ other }} where false {% endif %}
{% endtest %}
