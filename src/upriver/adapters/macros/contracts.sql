{# Contracts: the declared columns against the query's, and the DDL they ask for (JINJA-165). #}

{% macro get_assert_columns_equivalent(sql) -%}
  {{- adapter.dispatch('get_assert_columns_equivalent', 'dbt')(sql) -}}
{%- endmacro %}

{% macro default__get_assert_columns_equivalent(sql) -%}
  {%- do return(assert_columns_equivalent(sql)) -%}
{%- endmacro %}


{# Raise unless the query gives the declared columns, in any order, with the declared types as the
   warehouse itself spells them. #}
{% macro assert_columns_equivalent(sql) -%}
  {%- set given = format_columns(
    get_column_schema_from_query(sql, config.get('sql_header', none))) -%}
  {%- set declared = format_columns(
    get_column_schema_from_query(get_empty_schema_sql(model['columns']))) -%}
  {%- if given | map(attribute='formatted') | sort
      != declared | map(attribute='formatted') | sort -%}
    {%- do exceptions.raise_contract_error(declared, given) -%}
  {%- endif -%}
{%- endmacro %}


{% macro format_columns(columns) -%}
  {%- set formatted = [] -%}
  {%- set format = adapter.dispatch('format_column', 'dbt') -%}
  {%- for column in columns -%}
    {%- do formatted.append(format(column)) -%}
  {%- endfor -%}
  {%- do return(formatted) -%}
{%- endmacro %}

{% macro default__format_column(column) -%}
  {%- set data_type = column.dtype -%}
  {%- do return({
    'name': column.name,
    'data_type': data_type,
    'formatted': column.column.lower() ~ ' ' ~ data_type,
  }) -%}
{%- endmacro %}


{% macro get_table_columns_and_constraints() -%}
  {{- adapter.dispatch('get_table_columns_and_constraints', 'dbt')() -}}
{%- endmacro %}

{% macro default__get_table_columns_and_constraints() -%}
  {{- table_columns_and_constraints() -}}
{%- endmacro %}


{% macro table_columns_and_constraints() -%}
  {%- set definitions =
    adapter.render_raw_columns_constraints(raw_columns=model['columns'])
    + adapter.render_raw_model_constraints(raw_constraints=model['constraints']) -%}
  (
    {{ definitions | join(',\n    ') }}
  )
{%- endmacro %}
