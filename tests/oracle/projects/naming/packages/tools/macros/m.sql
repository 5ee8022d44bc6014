{% macro helper(x) %}{{ return(adapter.dispatch('helper', 'tools')(x)) }}{% endmacro %}
{% macro default__helper(x) %}({{ x }} + 100){% endmacro %}
{% macro only_here() %}'tools'{% endmacro %}
{% test above(model, column_name, floor) %}select {{ column_name }} from {{ model }} where {{ column_name }} <= {{ floor }}{% endtest %}
