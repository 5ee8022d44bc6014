{# A table on DuckDB: built beside the old one, which is then dropped rather than renamed
   (replacing.sql). Indexes come last because a table with indexes cannot be renamed. #}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] -%}
  {#- A clone of a seed has none. -#}
  {%- set language = model.get('language') or 'sql' -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
  {%- set is_in_place = config.get('contract').enforced
      and has_foreign_key_constraints(existing_relation) -%}
  {%- set dropped = [] -%}

  {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
  {%- if pre_hooks -%}
    {{- run_hooks(pre_hooks, inside_transaction=False) -}}
    {{- run_hooks(pre_hooks, inside_transaction=True) -}}
  {%- endif -%}

  {#- A hook may have dropped it in the meantime. -#}
  {%- set replaced_relation = load_cached_relation(this) if pre_hooks else existing_relation -%}
  {%- if is_in_place -%}
    {%- set dropped = drop_relation_for_rebuild(replaced_relation) -%}
  {%- endif -%}
  {%- call statement('main', language=language) -%}
    {{ create_table_as(
      False, target_relation if is_in_place else intermediate_relation, compiled_code, language) }}
  {%- endcall -%}
  {%- if not is_in_place -%}
    {%- set dropped = drop_relation_for_rebuild(replaced_relation) -%}
    {%- do adapter.rename_relation(intermediate_relation, target_relation) -%}
  {%- endif -%}
  {%- do restore_foreign_key_dependents(dropped) if dropped -%}
  {%- do create_indexes(target_relation) -%}

  {{- run_hooks(post_hooks, inside_transaction=True) if post_hooks -}}
  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
  {%- do persist_docs(target_relation, model) -%}

  {%- do adapter.commit() -%}
  {{- run_hooks(post_hooks, inside_transaction=False) if post_hooks -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}
