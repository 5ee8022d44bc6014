{# Finding, naming, dropping and renaming relations (JINJA-152). #}

{% macro load_cached_relation(relation) -%}
  {%- do return(adapter.get_relation(
    database=relation.database, schema=relation.schema, identifier=relation.identifier)) -%}
{%- endmacro %}


{# The older name of load_cached_relation. #}
{% macro load_relation(relation) -%}
  {%- do return(load_cached_relation(relation)) -%}
{%- endmacro %}


{# A pair: whether the relation exists, and the relation. #}
{% macro get_or_create_relation(database, schema, identifier, type) -%}
  {%- do return(adapter.dispatch('get_or_create_relation', 'dbt')(
    database, schema, identifier, type)) -%}
{%- endmacro %}

{% macro default__get_or_create_relation(database, schema, identifier, type) -%}
  {%- set existing = adapter.get_relation(
    database=database, schema=schema, identifier=identifier) -%}
  {%- if existing -%}
    {%- do return([True, existing]) -%}
  {%- endif -%}
  {%- do return([False, api.Relation.create(
    database=database, schema=schema, identifier=identifier, type=type)]) -%}
{%- endmacro %}


{# Relations beside the one that is built: temporary, intermediate (becomes the target by a rename)
   and backup (the target's previous self). #}

{% macro make_temp_relation(base_relation, suffix='__dbt_tmp') -%}
  {%- do return(adapter.dispatch('make_temp_relation', 'dbt')(base_relation, suffix)) -%}
{%- endmacro %}

{% macro default__make_temp_relation(base_relation, suffix) -%}
  {%- do return(base_relation.incorporate(
    path={'identifier': base_relation.identifier ~ suffix})) -%}
{%- endmacro %}


{% macro make_intermediate_relation(base_relation, suffix='__dbt_tmp') -%}
  {%- do return(adapter.dispatch('make_intermediate_relation', 'dbt')(base_relation, suffix)) -%}
{%- endmacro %}

{% macro default__make_intermediate_relation(base_relation, suffix) -%}
  {%- do return(base_relation.incorporate(
    path={'identifier': base_relation.identifier ~ suffix})) -%}
{%- endmacro %}


{% macro make_backup_relation(base_relation, backup_relation_type, suffix='__dbt_backup') -%}
  {%- do return(adapter.dispatch('make_backup_relation', 'dbt')(
    base_relation, backup_relation_type, suffix)) -%}
{%- endmacro %}

{% macro default__make_backup_relation(base_relation, backup_relation_type, suffix) -%}
  {%- do return(base_relation.incorporate(
    path={'identifier': base_relation.identifier ~ suffix}, type=backup_relation_type)) -%}
{%- endmacro %}


{% macro truncate_relation(relation) -%}
  {%- do return(adapter.dispatch('truncate_relation', 'dbt')(relation)) -%}
{%- endmacro %}

{% macro default__truncate_relation(relation) -%}
  {%- call statement('truncate_relation') -%}
    truncate table {{ relation }}
  {%- endcall -%}
{%- endmacro %}


{% macro drop_relation(relation) -%}
  {%- do return(adapter.dispatch('drop_relation', 'dbt')(relation)) -%}
{%- endmacro %}

{% macro default__drop_relation(relation) -%}
  {%- call statement('drop_relation', auto_begin=False) -%}
    {{ get_drop_sql(relation) }}
  {%- endcall -%}
{%- endmacro %}


{% macro drop_relation_if_exists(relation) -%}
  {%- if relation is not none -%}
    {%- do adapter.drop_relation(relation) -%}
  {%- endif -%}
{%- endmacro %}


{% macro rename_relation(from_relation, to_relation) -%}
  {%- do return(adapter.dispatch('rename_relation', 'dbt')(from_relation, to_relation)) -%}
{%- endmacro %}

{% macro default__rename_relation(from_relation, to_relation) -%}
  {%- call statement('rename_relation') -%}
    alter table {{ from_relation }} rename to {{
      adapter.quote_as_configured(to_relation.identifier, 'identifier') }}
  {%- endcall -%}
{%- endmacro %}


{# What must be undone before a relation can be renamed; nothing on most warehouses. #}
{% macro release_relation(relation) -%}
  {%- do return(adapter.dispatch('release_relation', 'dbt')(relation)) -%}
{%- endmacro %}

{% macro default__release_relation(relation) -%}{%- endmacro %}
