{% macro mac(a, b=1) %}1{% endmacro %}
{% test is_odd(model, column_name, mod=2) %}select 1 where false{% endtest %}
