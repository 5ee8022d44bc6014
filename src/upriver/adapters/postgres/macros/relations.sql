{# Relations on PostgreSQL (JINJA-152..156). #}

{# A connection is to one database, and names do not lead to another. #}
{% macro upriver__check_database(database) -%}
  {%- if database and database | replace('"', '') | lower != target.database | lower -%}
    {%- do exceptions.raise_not_implemented(
      'PostgreSQL reaches only the database it is connected to, `' ~ target.database
      ~ '`, and not `' ~ database ~ '`') -%}
  {%- endif -%}
{%- endmacro %}


{% macro postgres__create_schema(relation) -%}
  {%- do upriver__check_database(relation.database) -%}
  {%- call statement('create_schema') -%}
    create schema if not exists {{ relation.without_identifier().include(database=False) }}
  {%- endcall -%}
{%- endmacro %}


{% macro postgres__drop_schema(relation) -%}
  {%- do upriver__check_database(relation.database) -%}
  {%- call statement('drop_schema') -%}
    drop schema if exists {{ relation.without_identifier().include(database=False) }} cascade
  {%- endcall -%}
{%- endmacro %}


{% macro postgres__information_schema_name(database) -%}
  {%- do upriver__check_database(database) -%}
  information_schema
{%- endmacro %}


{% macro postgres__list_schemas(database) -%}
  {%- do upriver__check_database(database) -%}
  {%- call statement('list_schemas', fetch_result=True, auto_begin=False) -%}
    select distinct nspname from pg_namespace
  {%- endcall -%}
  {%- do return(load_result('list_schemas').table) -%}
{%- endmacro %}


{% macro postgres__check_schema_exists(information_schema, schema) -%}
  {%- do upriver__check_database(information_schema.database) -%}
  {%- call statement('check_schema_exists', fetch_result=True, auto_begin=False) -%}
    select count(*) from pg_namespace where nspname = '{{ schema }}'
  {%- endcall -%}
  {%- do return(load_result('check_schema_exists').table) -%}
{%- endmacro %}


{% macro postgres__list_relations_without_caching(schema_relation) -%}
  {%- set in_schema = "ilike '" ~ schema_relation.schema ~ "'" -%}
  {%- call statement('list_relations_without_caching', fetch_result=True) %}
    {% for table, name, schema, type in [
        ('pg_tables', 'tablename', 'schemaname', 'table'),
        ('pg_views', 'viewname', 'schemaname', 'view'),
        ('pg_matviews', 'matviewname', 'schemaname', 'materialized_view'),
        ('pg_proc join pg_namespace on pronamespace = pg_namespace.oid', 'proname', 'nspname',
          'function'),
      ] -%}
      select distinct
        '{{ schema_relation.database }}' as database,
        {{ name }} as name,
        {{ schema }} as schema,
        '{{ type }}' as type
      from {{ table }}
      where {{ schema }} {{ in_schema }}
      {% if not loop.last %}union all{% endif %}
    {% endfor %}
  {%- endcall -%}
  {%- do return(load_result('list_relations_without_caching').table) -%}
{%- endmacro %}


{# Views and what they read, for the cache to follow `drop ... cascade`. #}
{% macro postgres__get_relations() -%}
  {%- call statement('relations', fetch_result=True) %}
    select distinct
      dependent_schema.nspname as dependent_schema,
      dependent.relname as dependent_name,
      referenced_schema.nspname as referenced_schema,
      referenced.relname as referenced_name
    from pg_rewrite rule
    join pg_depend link
      on link.objid = rule.oid
      and link.classid = 'pg_rewrite'::regclass
      and link.refclassid = 'pg_class'::regclass
    join pg_class dependent on dependent.oid = rule.ev_class
    join pg_namespace dependent_schema on dependent_schema.oid = dependent.relnamespace
    join pg_class referenced on referenced.oid = link.refobjid
    join pg_namespace referenced_schema on referenced_schema.oid = referenced.relnamespace
    where referenced.oid <> dependent.oid
      and referenced_schema.nspname <> 'information_schema'
      and referenced_schema.nspname not like 'pg\_%'
    order by 1, 2, 3, 4
  {%- endcall -%}
  {%- do return(load_result('relations').table) -%}
{%- endmacro %}

{% macro postgres_get_relations() -%}
  {%- do return(postgres__get_relations()) -%}
{%- endmacro %}


{% macro postgres__create_table_as(temporary, relation, sql) -%}
  {%- set is_contracted = config.get('contract').enforced -%}
  {%- if is_contracted -%}
    {{- get_assert_columns_equivalent(sql) -}}
  {%- endif -%}
  {{- config.get('sql_header') or '' }}
  create {% if temporary %}temporary {% elif config.get('unlogged') %}unlogged {% endif %}table {{ relation }}
  {%- if is_contracted and not temporary %}
    {{ get_table_columns_and_constraints() }} ;
  insert into {{ relation }} (
    {{ adapter.dispatch('get_column_names', 'dbt')() }}
  )
  (
    {{ get_select_subquery(sql) }}
  );
  {%- else %}
  as
  (
    {{ sql }}
  );
  {%- endif -%}
{%- endmacro %}


{% macro postgres__get_replace_table_sql(relation, sql) -%}
  {%- set is_contracted = config.get('contract').enforced -%}
  {%- if is_contracted -%}
    {{- get_assert_columns_equivalent(sql) -}}
    {%- set sql = get_select_subquery(sql) -%}
  {%- endif -%}
  {{- config.get('sql_header') or '' }}
  create or replace table {{ relation }}
  {% if is_contracted %}{{ get_table_columns_and_constraints() }}{% endif %}
  as (
    {{ sql }}
  );
{%- endmacro %}


{% macro postgres__get_replace_view_sql(relation, sql) -%}
  {%- if config.get('contract').enforced -%}
    {{- get_assert_columns_equivalent(sql) -}}
  {%- endif -%}
  {{- config.get('sql_header') or '' }}
  create or replace view {{ relation }}
  as (
    {{ sql }}
  );
{%- endmacro %}


{% macro postgres__drop_table(relation) -%}
  drop table if exists {{ relation.render() }} cascade
{%- endmacro %}

{% macro postgres__drop_view(relation) -%}
  drop view if exists {{ relation.render() }} cascade
{%- endmacro %}

{% macro postgres__get_rename_table_sql(relation, new_name) -%}
  alter table {{ relation.render() }} rename to {{ new_name }}
{%- endmacro %}

{% macro postgres__get_rename_view_sql(relation, new_name) -%}
  alter view {{ relation.render() }} rename to {{ new_name }}
{%- endmacro %}


{% macro postgres__get_columns_in_relation(relation) -%}
  {%- call statement('get_columns_in_relation', fetch_result=True) %}
    select
      column_name,
      data_type,
      character_maximum_length,
      numeric_precision,
      numeric_scale
    from {{ relation.information_schema('columns') }}
    where table_name = '{{ relation.identifier }}'
      {%- if relation.schema %}
      and table_schema = '{{ relation.schema }}'
      {%- endif %}
    order by ordinal_position
  {%- endcall -%}
  {%- do return(sql_convert_columns_in_relation(
    load_result('get_columns_in_relation').table)) -%}
{%- endmacro %}


{# Names are cut to 63 bytes by the server without a word; the name of the model is cut instead, so
   that the suffix, which keeps two relations apart, stays whole. `dstring` goes behind it. #}
{% macro postgres__make_relation_with_suffix(base_relation, suffix, dstring) -%}
  {%- set ending = suffix ~ (modules.datetime.datetime.now().strftime('%H%M%S%f') if dstring else '') -%}
  {%- set room = 63 - ending.encode('utf-8') | length -%}
  {%- if room < 1 -%}
    {%- do exceptions.raise_compiler_error(
      "The suffix '" ~ ending ~ "' is longer than a name can be on PostgreSQL") -%}
  {%- endif -%}
  {%- set name = base_relation.identifier.encode('utf-8')[:room].decode('utf-8', 'ignore') -%}
  {%- do return(base_relation.incorporate(path={'identifier': name ~ ending})) -%}
{%- endmacro %}

{% macro postgres__make_intermediate_relation(base_relation, suffix) -%}
  {%- do return(postgres__make_relation_with_suffix(base_relation, suffix, dstring=False)) -%}
{%- endmacro %}

{% macro postgres__make_temp_relation(base_relation, suffix) -%}
  {%- set named = postgres__make_relation_with_suffix(base_relation, suffix, dstring=True) -%}
  {%- do return(named.incorporate(path={'schema': none, 'database': none})) -%}
{%- endmacro %}

{% macro postgres__make_backup_relation(base_relation, backup_relation_type, suffix) -%}
  {%- set named = postgres__make_relation_with_suffix(base_relation, suffix, dstring=False) -%}
  {%- do return(named.incorporate(type=backup_relation_type)) -%}
{%- endmacro %}


{% macro postgres__get_create_index_sql(relation, index_dict) -%}
  {%- for key in index_dict if key not in ['columns', 'unique', 'type'] -%}
    {%- do exceptions.raise_compiler_error(
      "An index has `columns`, `unique` and `type`, but not '" ~ key ~ "'") -%}
  {%- endfor -%}
  {%- set columns = [index_dict['columns']] if index_dict['columns'] is string
      else index_dict['columns'] -%}
  {%- set is_unique, type = index_dict.get('unique', False), index_dict.get('type') -%}
  create {{ 'unique' if is_unique }} index if not exists
  "{{ upriver__index_name(relation, columns, is_unique, type) }}"
  on {{ relation }} {{ 'using ' ~ type if type }}
  ({{ columns | join(', ') }})
{%- endmacro %}


{% macro postgres__get_drop_index_sql(relation, index_name) -%}
  drop index if exists "{{ relation.schema }}"."{{ index_name }}"
{%- endmacro %}


{% macro postgres__get_show_indexes_sql(relation) %}
    select
      class_of_index.relname as name,
      method.amname as method,
      index.indisunique as "unique",
      array_to_string(array_agg(attribute.attname), ',') as column_names
    from pg_index index
    join pg_class class_of_index on class_of_index.oid = index.indexrelid
    join pg_am method on method.oid = class_of_index.relam
    join pg_class class_of_table on class_of_table.oid = index.indrelid
    join pg_namespace namespace on namespace.oid = class_of_table.relnamespace
    join pg_attribute attribute
      on attribute.attrelid = class_of_table.oid
      and attribute.attnum = any(index.indkey)
    where class_of_table.relname = '{{ relation.identifier }}'
      and namespace.nspname = '{{ relation.schema }}'
      and class_of_table.relkind in ('r', 'm')
    group by 1, 2, 3
    order by 1, 2, 3
{%- endmacro %}
