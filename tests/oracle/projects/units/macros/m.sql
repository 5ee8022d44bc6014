{% macro double(c) %}{{ c }} * 2{% endmacro %}
{% macro where_clause() %}where true{% endmacro %}
