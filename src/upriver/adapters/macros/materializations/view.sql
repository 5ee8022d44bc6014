{# ADPT-23 #}

{% materialization view, default -%}
  {%- set target_relation = this.incorporate(type='view') -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
  {%- set backup_relation = make_backup_relation(
    target_relation, existing_relation.type if existing_relation is not none else 'view') -%}

  {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
  {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
  {%- if pre_hooks -%}
    {{- run_hooks(pre_hooks, inside_transaction=False) -}}
    {{- run_hooks(pre_hooks, inside_transaction=True) -}}
  {%- endif -%}

  {%- call statement('main') -%}
    {{ get_create_view_as_sql(intermediate_relation, sql) }}
  {%- endcall -%}

  {#- A hook may have dropped it in the meantime. -#}
  {%- if pre_hooks and existing_relation is not none -%}
    {%- set existing_relation = load_cached_relation(existing_relation) -%}
  {%- endif -%}
  {%- if existing_relation is not none -%}
    {%- if existing_relation.is_table -%}
      {%- do release_relation(existing_relation) -%}
    {%- endif -%}
    {%- do adapter.rename_relation(existing_relation, backup_relation) -%}
  {%- endif -%}
  {%- do adapter.rename_relation(intermediate_relation, target_relation) -%}

  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
  {%- do persist_docs(target_relation, model) -%}

  {{- run_hooks(post_hooks, inside_transaction=True) if post_hooks -}}
  {%- do adapter.commit() -%}
  {%- if existing_relation is not none -%}
    {%- do drop_relation_if_exists(backup_relation) -%}
  {%- endif -%}
  {{- run_hooks(post_hooks, inside_transaction=False) if post_hooks -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}


{# For warehouses that replace a view in one statement; their view materialization is
   `{{ return(create_or_replace_view()) }}`. #}
{% macro create_or_replace_view() -%}
  {%- set target_relation = this.incorporate(type='view') -%}
  {%- set existing_relation = load_cached_relation(this) -%}

  {{- run_hooks(pre_hooks) -}}
  {%- if existing_relation is not none and not existing_relation.is_view -%}
    {%- do handle_existing_table(should_full_refresh(), existing_relation) -%}
  {%- endif -%}

  {%- call statement('main') -%}
    {{ get_create_view_as_sql(target_relation, sql) }}
  {%- endcall -%}

  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
  {{- run_hooks(post_hooks) -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmacro %}


{% macro handle_existing_table(full_refresh, old_relation) -%}
  {%- do return(adapter.dispatch('handle_existing_table', 'dbt')(full_refresh, old_relation)) -%}
{%- endmacro %}

{% macro default__handle_existing_table(full_refresh, old_relation) -%}
  {%- do log('Dropping ' ~ old_relation.render() ~ ' because it is of type ' ~ old_relation.type) -%}
  {%- do adapter.drop_relation(old_relation) -%}
{%- endmacro %}
