{% macro duckdb__scalar_function_sql(target_relation) %}
  create or replace macro {{ target_relation.render() }}(
    {%- for one in model.arguments %}{{ one.name }}{% if one.default_value %} := {{ one.default_value }}{% endif %}{{ ', ' if not loop.last }}{% endfor -%}
  ) as ({{ model.compiled_code }})
{% endmacro %}
{% macro twice(x) %}{{ function('double_it') }}({{ x }}){% endmacro %}
