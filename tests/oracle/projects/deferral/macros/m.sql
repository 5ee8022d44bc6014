{% macro say_where() %}{{ print('reads ' ~ ref('stg_customers')) }}{% endmacro %}
