{# A copy of a production relation here (deferral reference, section 10). `sql` selects from the
   production relation, all of it or some rows.

   Where the warehouse copies tables without copying rows, it does; otherwise what later runs add to
   becomes a real table, since a view could not be added to, and anything else becomes a view. Each
   is built beside what is there, and then swapped. #}

{% materialization clone, default -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set source_relation = upriver_clone.source -%}

  {%- if source_relation.render() == this.render() -%}
    {%- do upriver__skip_clone('Relation ' ~ this ~ ' is its own production relation') -%}
    {%- do return({'relations': []}) -%}
  {%- elif existing_relation and not (flags.FULL_REFRESH or upriver_clone.is_replaced) -%}
    {%- do upriver__skip_clone('Relation ' ~ existing_relation ~ ' already exists') -%}
    {%- do return({'relations': [existing_relation]}) -%}
  {%- endif -%}

  {%- set listed_source = load_cached_relation(source_relation) -%}
  {%- set kind = upriver__clone_kind(
    upriver_clone, config.get('materialized'), (listed_source or {}).type) -%}
  {%- if kind == 'clone' -%}
    {%- do return(upriver__clone_without_rows(existing_relation, source_relation)) -%}
  {%- endif -%}
  {%- set specific = 'materialization_' ~ kind ~ '_' ~ adapter.type() -%}
  {%- set materialize = context[specific if specific in context
      else 'materialization_' ~ kind ~ '_default'] -%}
  {%- do return(materialize()) -%}
{%- endmaterialization %}


{# `clone`, `table` or `view`. A materialization of a package's own may add to a table as well, so
   only those that replace all they had are known to get along with a view. #}
{% macro upriver__clone_kind(clone, materialized, source_type) -%}
  {%- if source_type == 'table' and not clone.is_partial and can_clone_table() -%}
    {%- do return('clone') -%}
  {%- elif clone.is_partial or clone.mode == 'copy' -%}
    {%- do return('table') -%}
  {%- elif clone.mode == 'view' -%}
    {%- do return('view') -%}
  {%- elif materialized in ['incremental', 'snapshot', 'seed'] -%}
    {%- do return('table') -%}
  {%- elif source_type != 'table' or materialized in ['view', 'table', 'materialized_view',
      'external', 'table_function'] -%}
    {%- do return('view') -%}
  {%- endif -%}
  {%- do return('table') -%}
{%- endmacro %}


{% macro upriver__clone_without_rows(existing_relation, source_relation) -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- if existing_relation is none -%}
    {%- set built_relation = target_relation -%}
  {%- else -%}
    {%- set built_relation = make_intermediate_relation(target_relation) -%}
    {%- set backup_relation = make_backup_relation(target_relation, existing_relation.type) -%}
    {%- do drop_relation_if_exists(load_cached_relation(built_relation)) -%}
    {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
  {%- endif -%}

  {%- call statement('main') -%}
    {{ create_or_replace_clone(built_relation, source_relation) }}
  {%- endcall -%}

  {%- if existing_relation is not none -%}
    {%- if existing_relation.can_be_renamed -%}
      {%- do adapter.rename_relation(existing_relation, backup_relation) -%}
    {%- else -%}
      {#- The copy is there by now, and only waits for its name. -#}
      {%- do drop_relation_if_exists(existing_relation) -%}
    {%- endif -%}
    {%- do adapter.rename_relation(built_relation, target_relation) -%}
  {%- endif -%}
  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
  {%- do persist_docs(target_relation, model) -%}
  {%- do adapter.commit() -%}
  {%- if existing_relation is not none and existing_relation.can_be_renamed -%}
    {%- do drop_relation_if_exists(backup_relation) -%}
  {%- endif -%}
  {%- do return({'relations': [target_relation]}) -%}
{%- endmacro %}


{% macro upriver__skip_clone(reason) -%}
  {%- do log(reason, info=True) -%}
  {%- do store_raw_result(name='main', message='No-op', code='No-op') -%}
{%- endmacro %}


{# Whether the warehouse copies a table without copying its rows. #}
{% macro can_clone_table() -%}
  {%- do return(adapter.dispatch('can_clone_table', 'dbt')()) -%}
{%- endmacro %}

{% macro default__can_clone_table() -%}
  {%- do return(False) -%}
{%- endmacro %}


{% macro create_or_replace_clone(this_relation, defer_relation) -%}
  {{- adapter.dispatch('create_or_replace_clone', 'dbt')(this_relation, defer_relation) -}}
{%- endmacro %}

{% macro default__create_or_replace_clone(this_relation, defer_relation) -%}
  create or replace table {{ this_relation.render() }} clone {{ defer_relation.render() }}
{%- endmacro %}
