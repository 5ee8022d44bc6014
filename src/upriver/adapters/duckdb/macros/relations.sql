{# Relations on DuckDB (JINJA-152..155). #}

{% macro duckdb__create_schema(relation) -%}
  {%- call statement('create_schema') -%}
    create schema if not exists {{ relation.without_identifier() }}
  {%- endcall -%}
{%- endmacro %}


{% macro duckdb__drop_schema(relation) -%}
  {%- call statement('drop_schema') -%}
    drop schema if exists {{ relation.without_identifier() }} cascade
  {%- endcall -%}
{%- endmacro %}


{% macro duckdb__list_schemas(database) -%}
  {%- set sql -%}
    select schema_name
    from system.information_schema.schemata
    {%- if database %}
    where lower(catalog_name) = '{{ database | lower | replace('"', '') }}'
    {%- endif %}
  {%- endset -%}
  {%- do return(run_query(sql)) -%}
{%- endmacro %}


{% macro duckdb__check_schema_exists(information_schema, schema) -%}
  {%- set sql -%}
    select count(*)
    from system.information_schema.schemata
    where lower(schema_name) = '{{ schema | lower }}'
      and lower(catalog_name) = '{{ information_schema.database | lower }}'
  {%- endset -%}
  {%- do return(run_query(sql)) -%}
{%- endmacro %}


{% macro duckdb__list_relations_without_caching(schema_relation) -%}
  {%- call statement('list_relations_without_caching', fetch_result=True, auto_begin=False) %}
    select
      '{{ schema_relation.database }}' as database,
      table_name as name,
      table_schema as schema,
      case table_type when 'VIEW' then 'view' else 'table' end as type
    from system.information_schema.tables
    where lower(table_schema) = '{{ schema_relation.schema | lower }}'
      and lower(table_catalog) = '{{ schema_relation.database | lower }}'
  {%- endcall -%}
  {%- do return(load_result('list_relations_without_caching').table) -%}
{%- endmacro %}


{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql',
    partitioned_by=none, sorted_by=none) -%}
  {%- if language == 'python' -%}
    {{- py_write_table(temporary, relation, compiled_code, partitioned_by, sorted_by) -}}
  {%- elif language != 'sql' -%}
    {%- do exceptions.raise_compiler_error(
      "A table is made by 'sql' or 'python', not by '" ~ language ~ "'") -%}
  {%- else -%}
    {%- set is_contracted = config.get('contract').enforced -%}
    {%- set name = relation.include(database=(not temporary), schema=(not temporary)) -%}
    {%- if is_contracted -%}
      {{- get_assert_columns_equivalent(compiled_code) -}}
    {%- endif -%}
    {{- config.get('sql_header') or '' }}
    create {% if temporary %}temporary {% endif %}table {{ name }}
    {%- if is_contracted and not temporary %}
    {{ get_table_columns_and_constraints() }} ;
    insert into {{ name }} ( {{ get_column_names() }} ) (
      {{ get_select_subquery(compiled_code) }}
    );
    {%- else %}
    as (
      {{ compiled_code }}
    );
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}

{# The declared columns, in the shape an insert wants. #}
{% macro get_column_names() -%}
  {%- for column in model['columns'].values() -%}
    {{- adapter.quote(column['name']) if column.get('quote') else column['name'] -}}
    {{- ' , ' if not loop.last -}}
  {%- endfor -%}
{%- endmacro %}


{% macro duckdb__create_view_as(relation, sql) -%}
  {%- if config.get('contract').enforced -%}
    {{- get_assert_columns_equivalent(sql) -}}
  {%- endif -%}
  {{- config.get('sql_header') or '' }}
  create view {{ relation }} as (
    {{ sql }}
  );
{%- endmacro %}


{# A header may set what the query needs; it runs on its own, since only the query is described. #}
{% macro duckdb__get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
  {%- if select_sql_header is not none -%}
    {%- do run_query(select_sql_header) -%}
  {%- endif -%}
  select * from (
    {{ select_sql }}
  ) as __dbt_sbq
  where false
  limit 0
{%- endmacro %}


{% macro duckdb__get_columns_in_relation(relation) -%}
  {%- call statement('get_columns_in_relation', fetch_result=True) %}
    select
      column_name,
      column_type as data_type,
      cast(null as bigint) as character_maximum_length,
      cast(null as bigint) as numeric_precision,
      cast(null as bigint) as numeric_scale
    from (describe {{ relation.render() }})
  {%- endcall -%}
  {%- do return(sql_convert_columns_in_relation(
    load_result('get_columns_in_relation').table)) -%}
{%- endmacro %}


{# One column a statement: DuckDB alters one thing at a time. #}
{% macro duckdb__alter_relation_add_remove_columns(relation, add_columns, remove_columns) -%}
  {%- set start = 'alter ' ~ relation.type ~ ' ' ~ relation.render() -%}
  {%- for column in add_columns or [] -%}
    {%- do run_query(
      start ~ ' add column ' ~ adapter.quote(column.name) ~ ' ' ~ column.expanded_data_type) -%}
  {%- endfor -%}
  {%- for column in remove_columns or [] -%}
    {%- do run_query(start ~ ' drop column ' ~ adapter.quote(column.name)) -%}
  {%- endfor -%}
{%- endmacro %}


{% macro duckdb__drop_relation(relation) -%}
  {%- call statement('drop_relation', auto_begin=False) -%}
    drop {{ relation.type or 'table' }} if exists {{ relation.render() }} cascade
  {%- endcall -%}
{%- endmacro %}


{% macro duckdb__rename_relation(from_relation, to_relation) -%}
  {%- call statement('rename_relation') -%}
    alter {{ from_relation.type }} {{ from_relation }} rename to {{
      adapter.quote_as_configured(to_relation.identifier, 'identifier') }}
  {%- endcall -%}
{%- endmacro %}


{# A temporary table is in a schema of its own, and its name must not be that of any other worker's. #}
{% macro duckdb__make_temp_relation(base_relation, suffix) -%}
  {%- do return(base_relation.incorporate(
    path={
      'identifier': base_relation.identifier ~ suffix ~ py_current_timestring(),
      'schema': none,
      'database': none,
    },
    type='table')) -%}
{%- endmacro %}

{# The temporary table of one batch of a model. #}
{% macro duckdb__dispatch_temporary_relation(target_relation, batch_id='') -%}
  {%- do return(make_temp_relation(
    target_relation, '__dbt_tmp_' ~ batch_id) if batch_id else make_temp_relation(target_relation))
  -%}
{%- endmacro %}


{% macro duckdb__current_timestamp() -%}
  now()
{%- endmacro %}

{% macro duckdb__snapshot_get_time() -%}
  {{ current_timestamp() }}::timestamp
{%- endmacro %}

{% macro duckdb__snapshot_string_as_time(timestamp) -%}
  '{{ timestamp }}'::timestamp
{%- endmacro %}


{# Anyone who can open the file can read it. #}
{% macro duckdb__apply_grants(relation, grant_config, should_revoke=True) -%}{%- endmacro %}


{% macro duckdb__get_create_index_sql(relation, index_dict) -%}
  {%- for key in index_dict if key not in ['columns', 'unique'] -%}
    {%- do exceptions.raise_compiler_error(
      "An index has `columns` and `unique`, but not '" ~ key ~ "'") -%}
  {%- endfor -%}
  {%- set columns = [index_dict['columns']] if index_dict['columns'] is string
      else index_dict['columns'] -%}
  {%- set is_unique = index_dict.get('unique', False) -%}
  create {{ 'unique' if is_unique }} index
  "{{ upriver__index_name(relation, columns, is_unique, none) }}"
  on {{ relation }}
  ({{ columns | join(', ') }});
{%- endmacro %}
