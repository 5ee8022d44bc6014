{# A copy of a production relation here (deferral reference, section 10). Where the warehouse cannot
   clone, what later runs add to becomes a real table, since a view could not be added to; anything
   else becomes a view. Both go the way of the table and view materializations, which build beside
   and then swap. `sql` selects everything from the production relation. #}

{% materialization clone, default -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='table') -%}

  {%- if not defer_relation -%}
    {%- do upriver__skip_clone('No relation found in state manifest for ' ~ model.unique_id) -%}
    {%- do return({'relations': []}) -%}
  {%- elif existing_relation and not flags.FULL_REFRESH -%}
    {%- do upriver__skip_clone('Relation ' ~ existing_relation ~ ' already exists') -%}
    {%- do return({'relations': [existing_relation]}) -%}
  {%- elif defer_relation.render() == this.render() -%}
    {%- do upriver__skip_clone('Relation ' ~ this ~ ' is its own production relation') -%}
    {%- do return({'relations': []}) -%}
  {%- endif -%}

  {%- if not can_clone_table() or (load_cached_relation(defer_relation) or {}).type != 'table' -%}
    {%- set kind = 'table'
        if config.get('materialized') in ['incremental', 'snapshot'] else 'view' -%}
    {%- set specific = 'materialization_' ~ kind ~ '_' ~ adapter.type() -%}
    {%- set materialize = context[specific if specific in context
        else 'materialization_' ~ kind ~ '_default'] -%}
    {%- do return(materialize()) -%}
  {%- endif -%}

  {%- if existing_relation is not none and not existing_relation.is_table -%}
    {%- do drop_relation_if_exists(existing_relation) -%}
  {%- endif -%}
  {%- call statement('main') -%}
    {{ create_or_replace_clone(target_relation, defer_relation) }}
  {%- endcall -%}
  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
  {%- do persist_docs(target_relation, model) -%}
  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}


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
