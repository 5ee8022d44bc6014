{% macro greet(name) %}{{ return(adapter.dispatch('greet', 'alpha')(name)) }}{% endmacro %}
{% macro default__greet(name) %}alpha greets {{ name }}{% endmacro %}
{% macro farewell(name) %}{{ return(adapter.dispatch('farewell', 'alpha')(name)) }}{% endmacro %}
{% macro default__farewell(name) %}alpha says goodbye to {{ name }}{% endmacro %}
{% macro shadowed() %}shadowed of alpha{% endmacro %}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {{ custom_alias_name or node.name }}{{ '_x' if not custom_alias_name and node.resource_type == 'snapshot' }}
{%- endmacro %}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ target.schema }}{{ '__' ~ custom_schema_name if custom_schema_name }}
{%- endmacro %}
{% macro alpha_operation() %}{% do log('operation of ' ~ project_name, info=true) %}{% endmacro %}
