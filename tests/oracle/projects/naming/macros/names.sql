{% macro generate_schema_name(custom_schema_name, node) %}
  {%- if node.resource_type == 'seed' -%}{{ custom_schema_name | trim }}
  {%- elif node.package_name == 'tools' -%}{{ target.schema }}_pkg_{{ custom_schema_name | default('none', true) }}
  {%- else -%}{{ default__generate_schema_name(custom_schema_name, node) }}{%- endif -%}
{% endmacro %}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {%- if custom_alias_name -%}{{ custom_alias_name | trim }}
  {%- elif node.version -%}{{ node.name ~ "__v" ~ (node.version | replace(".", "_")) }}
  {%- else -%}{{ var('prefix') }}{{ node.name }}{%- endif -%}
{%- endmacro %}
{% macro generate_database_name(custom_database_name=none, node=none) %}
  {{ custom_database_name if custom_database_name else target.database }}
{% endmacro %}
{% macro default__helper(x) %}({{ x }} + 200){% endmacro %}
{% macro naming_only(a, b=2) %}{{ a }} + {{ b }} + {{ tools.only_here() | length }}{% endmacro %}
