{# A rounded average that is null, not an error, where there is nothing to average. #}
{% macro mean(column, digits=1) -%}
    round(avg({{ column }}), {{ digits }})
{%- endmacro %}
