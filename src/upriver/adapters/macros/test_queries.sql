{# The queries tests run (JINJA-160). #}

{# What a generic test reads in place of its model when it has a `where`. #}
{% macro get_where_subquery(relation) -%}
  {%- do return(adapter.dispatch('get_where_subquery', 'dbt')(relation)) -%}
{%- endmacro %}

{% macro default__get_where_subquery(relation) -%}
  {%- set where = config.get('where', '') -%}
  {%- if where -%}
    {%- do return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') dbt_subquery') -%}
  {%- endif -%}
  {%- do return(relation) -%}
{%- endmacro %}


{# One row: the number of failures and what the two conditions make of it (PROJ-124, PROJ-125). #}
{% macro get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
  {{- adapter.dispatch('get_test_sql', 'dbt')(main_sql, fail_calc, warn_if, error_if, limit) -}}
{%- endmacro %}

{% macro default__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
    select
      {{ fail_calc }} as failures,
      {{ fail_calc }} {{ warn_if }} as should_warn,
      {{ fail_calc }} {{ error_if }} as should_error
    from (
      {{ get_limit_subquery_sql(main_sql, limit) }}
    ) dbt_internal_test
{%- endmacro %}


{# Both sides of a unit test as one result, told apart by `actual_or_expected`. #}
{% macro get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
  {{- adapter.dispatch('get_unit_test_sql', 'dbt')(
    main_sql, expected_fixture_sql, expected_column_names) -}}
{%- endmacro %}

{% macro default__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
with dbt_internal_unit_test_actual as (
  select
    {{ expected_column_names | join(',') }}, {{ string_literal('actual') }} as {{ adapter.quote('actual_or_expected') }}
  from (
    {{ main_sql }}
  ) _dbt_internal_unit_test_actual
),
dbt_internal_unit_test_expected as (
  select
    {{ expected_column_names | join(', ') }}, {{ string_literal('expected') }} as {{ adapter.quote('actual_or_expected') }}
  from (
    {{ expected_fixture_sql }}
  ) _dbt_internal_unit_test_expected
)
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected
{%- endmacro %}


{# The rows of an input, each column cast to the type it has in the relation that the input stands
   for; columns a row leaves out are null. #}
{% macro get_fixture_sql(rows, column_name_to_data_types) -%}
  {%- set types = column_name_to_data_types -%}
  {%- set quoted = {} -%}
  {%- if not types -%}
    {%- set types = {} -%}
    {%- set relation = load_relation(this) or defer_relation -%}
    {%- if relation -%}
      {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name | lower: column.data_type}) -%}
        {%- do quoted.update({column.name | lower: adapter.quote(column.name)}) -%}
      {%- endfor -%}
    {%- endif -%}
  {%- endif -%}
  {%- if not types -%}
    {%- do exceptions.raise_compiler_error(
      "The columns of '" ~ this ~ "' are not known, so unit test '" ~ model.name
      ~ "' cannot give it rows: build the relation first, or write the input as `format: sql`") -%}
  {%- endif -%}
  {%- set nulls = {} -%}
  {%- for name, type in types.items() -%}
    {%- do nulls.update({name: safe_cast('null', type | trim)}) -%}
  {%- endfor -%}
  {%- for row in rows -%}
    {%- do validate_fixture_rows(rows, loop.index) -%}
    {%- set cells = dict(nulls, **format_row(row, types)) -%}
    {{ upriver__fixture_select(cells, quoted) }}
    {%- if not loop.last %}
union all
    {%- endif %}
  {% else -%}
    {{ upriver__fixture_select(nulls, quoted) }}
    limit 0
  {%- endfor -%}
{%- endmacro %}


{% macro upriver__fixture_select(cells, quoted) -%}
select
  {%- for name, value in cells.items() %} {{ value }} as {{ quoted.get(name) or name }}
  {%- if not loop.last %},{% endif %}
  {%- endfor -%}
{%- endmacro %}


{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) -%}
  {%- for row in rows -%}
    {{ upriver__fixture_select(format_row(row, column_name_to_data_types), column_name_to_quoted) }}
    {%- if not loop.last %}
union all
    {% endif %}
  {%- else -%}
    select * from dbt_internal_unit_test_actual
    limit 0
  {%- endfor -%}
{%- endmacro %}


{# One row's values as typed SQL, keyed by lower-case column name. #}
{% macro format_row(row, column_name_to_data_types) -%}
  {%- set formatted = {} -%}
  {%- for name, value in row.items() -%}
    {%- set key = name | lower -%}
    {%- if key not in column_name_to_data_types -%}
      {%- do exceptions.raise_compiler_error(
        "Rows for '" ~ model.name ~ "' have a column '" ~ name ~ "', which is not one of its columns: "
        ~ (column_name_to_data_types | list | join(', '))) -%}
    {%- endif -%}
    {%- set type = column_name_to_data_types[key] -%}
    {%- if value is none -%}
      {%- set sql = 'null' -%}
    {%- elif value is string -%}
      {%- set sql = string_literal(escape_single_quotes(value)) -%}
      {#- A text longer than the column says must not be cut off silently. -#}
      {%- set type = type.split('(')[0] if 'char' in type | lower else type -%}
    {%- else -%}
      {%- set sql = value -%}
    {%- endif -%}
    {%- do formatted.update({key: safe_cast(sql, type)}) -%}
  {%- endfor -%}
  {%- do return(formatted) -%}
{%- endmacro %}


{# For adapters that must refuse some rows. #}
{% macro validate_fixture_rows(rows, row_number) -%}
  {%- do return(adapter.dispatch('validate_fixture_rows', 'dbt')(rows, row_number)) -%}
{%- endmacro %}

{% macro default__validate_fixture_rows(rows, row_number) -%}{%- endmacro %}
