{# ADPT-24: built beside the existing relation, then swapped in one transaction. #}

{% materialization table, default -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
  {%- set backup_relation = make_backup_relation(
    target_relation, existing_relation.type if existing_relation is not none else 'table') -%}

  {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
  {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
  {%- if pre_hooks -%}
    {{- run_hooks(pre_hooks, inside_transaction=False) -}}
    {{- run_hooks(pre_hooks, inside_transaction=True) -}}
  {%- endif -%}

  {%- call statement('main') -%}
    {{ get_create_table_as_sql(False, intermediate_relation, sql) }}
  {%- endcall -%}
  {%- do create_indexes(intermediate_relation) -%}

  {#- A hook may have dropped it in the meantime. -#}
  {%- if pre_hooks and existing_relation is not none -%}
    {%- set existing_relation = load_cached_relation(existing_relation) -%}
  {%- endif -%}
  {%- if existing_relation is not none -%}
    {%- do adapter.rename_relation(existing_relation, backup_relation) -%}
  {%- endif -%}
  {%- do adapter.rename_relation(intermediate_relation, target_relation) -%}

  {{- run_hooks(post_hooks, inside_transaction=True) if post_hooks -}}
  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
  {%- do persist_docs(target_relation, model) -%}

  {%- do adapter.commit() -%}
  {%- if existing_relation is not none -%}
    {%- do drop_relation_if_exists(backup_relation) -%}
  {%- endif -%}
  {{- run_hooks(post_hooks, inside_transaction=False) if post_hooks -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}
