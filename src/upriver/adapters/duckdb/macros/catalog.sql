{# The catalog of a DuckDB database (JINJA-153). #}

{% macro duckdb__get_catalog(information_schema, schemas) -%}
  {%- set conditions = [] -%}
  {%- for schema in schemas -%}
    {%- do conditions.append("upper(table_schema) = upper('" ~ schema ~ "')") -%}
  {%- endfor -%}
  {%- do return(run_query(upriver__duckdb_catalog_sql(information_schema, conditions))) -%}
{%- endmacro %}


{% macro duckdb__get_catalog_relations(information_schema, relations) -%}
  {%- set conditions = [] -%}
  {%- for relation in relations -%}
    {%- set in_schema = "upper(table_schema) = upper('" ~ relation.schema ~ "')" -%}
    {%- do conditions.append(
      '(' ~ in_schema ~ " and upper(table_name) = upper('" ~ relation.identifier ~ "'))"
      if relation.identifier else in_schema) -%}
  {%- endfor -%}
  {%- do return(run_query(upriver__duckdb_catalog_sql(information_schema, conditions))) -%}
{%- endmacro %}


{% macro upriver__duckdb_catalog_sql(information_schema, conditions) -%}
  {%- set database = information_schema.database -%}
  with tables as (
    select
      database_name as table_database,
      schema_name as table_schema,
      table_name,
      'BASE TABLE' as table_type,
      comment as table_comment
    from duckdb_tables()
    where upper(database_name) = upper('{{ database }}')
    union all
    select database_name, schema_name, view_name, 'VIEW', comment
    from duckdb_views()
    where upper(database_name) = upper('{{ database }}')
  ),
  columns as (
    select
      database_name as table_database,
      schema_name as table_schema,
      table_name,
      column_name,
      column_index,
      data_type as column_type,
      comment as column_comment
    from duckdb_columns()
    where upper(database_name) = upper('{{ database }}')
  )
  select
    table_database,
    table_schema,
    table_name,
    table_type,
    table_comment,
    column_name,
    column_index,
    column_type,
    column_comment,
    null as table_owner
  from tables
  join columns using (table_database, table_schema, table_name)
  where {{ conditions | join(' or ') if conditions else 'false' }}
  order by table_schema, table_name, column_index
{%- endmacro %}
