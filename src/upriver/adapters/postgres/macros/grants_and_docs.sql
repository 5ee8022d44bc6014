{# Grants and comments on PostgreSQL. #}

{# A new table has none of the grants of the one it replaces. #}
{% macro postgres__copy_grants() -%}
  {%- do return(False) -%}
{%- endmacro %}


{% macro postgres__get_show_grant_sql(relation) -%}
  select grantee, privilege_type
  from {{ relation.information_schema('role_table_grants') }}
  where grantor = current_role
    and grantee != current_role
    and table_schema = '{{ relation.schema }}'
    and table_name = '{{ relation.identifier }}'
{%- endmacro %}


{% macro postgres_escape_comment(comment) -%}
  {%- set mark = '$dbt_comment_literal_block$' -%}
  {%- if comment is not string -%}
    {%- do exceptions.raise_compiler_error('A description is a text, not ' ~ comment) -%}
  {%- elif mark in comment -%}
    {%- do exceptions.raise_compiler_error('A description cannot contain ' ~ mark) -%}
  {%- endif -%}
  {{- mark ~ comment ~ mark -}}
{%- endmacro %}


{% macro postgres__alter_relation_comment(relation, comment) -%}
  comment on {{ 'materialized view' if relation.is_materialized_view else relation.type }} {{ relation }} is {{
    postgres_escape_comment(comment) }};
{%- endmacro %}


{% macro postgres__alter_column_comment(relation, column_dict) -%}
  {%- set existing = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
  {%- for name, column in column_dict.items() if name in existing %}
    comment on column {{ relation }}.{{ adapter.quote(name) if column.get('quote') else name }} is {{
      postgres_escape_comment(column['description'] or '') }};
  {%- endfor -%}
{%- endmacro %}
