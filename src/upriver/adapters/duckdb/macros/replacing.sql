{# Replacing a table on DuckDB. A table with indexes cannot be renamed, so the old one is not kept
   aside as a backup: it is dropped in the transaction that gives its name to the new one, and a
   rollback brings it back. A table that a foreign key points to cannot be dropped; the tables at
   the other end are set aside as plain copies, in the same transaction, to be built again in their
   turn. #}

{# Make room for what takes the relation's name; gives what restore_foreign_key_dependents takes. #}
{% macro drop_relation_for_rebuild(relation) -%}
  {%- set dropped = [] -%}
  {%- if relation is not none -%}
    {%- if relation.is_table and config.get('contract').enforced
        and may_be_foreign_key_target() -%}
      {%- set dropped = drop_foreign_key_dependents(relation) -%}
    {%- endif -%}
    {#- adapter.drop_relation does not begin a transaction where none is open. -#}
    {%- call statement('drop_for_rebuild') -%}
      drop {{ relation.type or 'table' }} if exists {{ relation.render() }} cascade
    {%- endcall -%}
    {%- do adapter.cache_dropped(relation) -%}
  {%- endif -%}
  {%- do return(dropped) -%}
{%- endmacro %}


{# The constraint types of an enforced contract. #}
{% macro enforced_constraint_types() -%}
  {%- set types = [] -%}
  {%- if config.get('contract').enforced -%}
    {%- for owner in [model] + ((model.get('columns') or {}).values() | list) -%}
      {%- for constraint in owner.get('constraints') or [] -%}
        {%- do types.append(constraint['type'] | string) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
  {%- do return(types) -%}
{%- endmacro %}


{# A table with a foreign key is built under its own name: a key would not survive a rename on
   every version. #}
{% macro has_foreign_key_constraints(relation=none) -%}
  {%- do return('foreign_key' in enforced_constraint_types()) -%}
{%- endmacro %}


{# Only keys can be pointed to. #}
{% macro may_be_foreign_key_target(relation=none) -%}
  {%- set types = enforced_constraint_types() -%}
  {%- do return('primary_key' in types or 'unique' in types) -%}
{%- endmacro %}


{# Set aside every table that points to this one, directly or by way of another. #}
{% macro drop_foreign_key_dependents(relation) -%}
  {%- call statement('foreign_key_dependents', fetch_result=True) %}
    with recursive keys as (
      select distinct table_name, referenced_table
      from duckdb_constraints()
      where constraint_type = 'FOREIGN KEY'
        and lower(database_name) = lower('{{ relation.database }}')
        and lower(schema_name) = lower('{{ relation.schema }}')
        and lower(table_name) <> lower(referenced_table)
    ),
    dependents as (
      select table_name, 1 as depth
      from keys
      where lower(referenced_table) = lower('{{ relation.identifier }}')
      union
      select keys.table_name, dependents.depth + 1
      from keys
      join dependents on lower(keys.referenced_table) = lower(dependents.table_name)
    )
    select table_name, max(depth) as depth
    from dependents
    group by table_name
    order by depth desc, table_name
  {%- endcall -%}
  {%- set pairs = [] -%}
  {%- for row in load_result('foreign_key_dependents').data -%}
    {%- set original = relation.incorporate(path={'identifier': row[0]}, type='table') -%}
    {%- set copy = original.incorporate(path={'identifier': row[0] ~ '__dbt_fk_backup'}) -%}
    {%- call statement('set_aside') -%}
      drop table if exists {{ copy }} cascade;
      create table {{ copy }} as select * from {{ original }};
      drop table {{ original }} cascade
    {%- endcall -%}
    {%- do pairs.append((copy, original)) -%}
  {%- endfor -%}
  {%- do return(pairs) -%}
{%- endmacro %}


{% macro restore_foreign_key_dependents(dropped) -%}
  {%- for copy, original in dropped -%}
    {%- call statement('restore') -%}
      alter table {{ copy }} rename to {{ adapter.quote(original.identifier) }}
    {%- endcall -%}
  {%- endfor -%}
{%- endmacro %}


{# For the materializations that do keep the old relation aside. #}
{% macro drop_indexes_on_relation(relation) -%}
  {%- call statement('indexes', fetch_result=True) %}
    select index_name
    from duckdb_indexes()
    where lower(database_name) = lower('{{ relation.database }}')
      and lower(schema_name) = lower('{{ relation.schema }}')
      and lower(table_name) = lower('{{ relation.identifier }}')
  {%- endcall -%}
  {%- for row in load_result('indexes').data -%}
    {%- call statement('drop_index') -%}
      drop index {{ relation.replace_path(identifier=row[0]) }}
    {%- endcall -%}
  {%- endfor -%}
{%- endmacro %}

{% macro duckdb__release_relation(relation) -%}
  {%- do drop_indexes_on_relation(relation) -%}
{%- endmacro %}
