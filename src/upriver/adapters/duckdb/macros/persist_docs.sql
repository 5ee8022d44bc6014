{# Comments on DuckDB (PROJ-245). #}

{% macro duckdb_escape_comment(comment) -%}
  {%- set mark = '$dbt_comment_literal_block$' -%}
  {%- if comment is not string -%}
    {%- do exceptions.raise_compiler_error('A description is a text, not ' ~ comment) -%}
  {%- elif mark in comment -%}
    {%- do exceptions.raise_compiler_error('A description cannot contain ' ~ mark) -%}
  {%- endif -%}
  {{- mark ~ comment ~ mark -}}
{%- endmacro %}


{% macro duckdb__alter_relation_comment(relation, comment) -%}
  comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(comment) }};
{%- endmacro %}


{% macro duckdb__alter_column_comment(relation, column_dict) -%}
  {%- set existing = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
  {%- for name, column in column_dict.items() if name in existing %}
    comment on column {{ relation }}.{{ adapter.quote(name) if column.get('quote') else name }} is {{
      duckdb_escape_comment(column['description'] or '') }};
  {%- endfor -%}
{%- endmacro %}
