{% macro who() %}beta in {{ project_name }}{% endmacro %}
{% macro beta__greet(name) %}no such prefix{% endmacro %}
{% macro default__greet(name) %}beta greets {{ name }}{% endmacro %}
{% macro only_in_beta() %}only in beta{% endmacro %}
{% macro ending() %}insert into main.started values ('beta ends {{ database_schemas | length }}'){% endmacro %}
