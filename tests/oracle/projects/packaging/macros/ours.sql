{% macro shop__greet(name) %}shop greets {{ name }}{% endmacro %}
{% macro duckdb__farewell(name) %}shop duckdb says goodbye to {{ name }}{% endmacro %}
{% macro shadowed() %}shadowed of shop{% endmacro %}
