{# ADPT-25: the first build and a full refresh make a table, any other run adds to it by the
   strategy's SQL from a temporary table. #}

{% materialization incremental, default -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set full_refresh_mode = should_full_refresh() -%}
  {%- set is_swap = existing_relation is not none
      and (full_refresh_mode or not existing_relation.is_table) -%}
  {%- set on_schema_change = incremental_validate_on_schema_change(
    config.get('on_schema_change'), default='ignore') -%}
  {#- Before anything is built, so that a wrong name shows on the first run. -#}
  {%- set strategy_macro = adapter.get_incremental_strategy_macro(
    context, config.get('incremental_strategy') or 'default') -%}
  {%- set to_drop = [] -%}

  {%- if is_swap -%}
    {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
    {%- set backup_relation = make_backup_relation(target_relation, existing_relation.type) -%}
    {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
    {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
  {%- endif -%}

  {%- if pre_hooks -%}
    {{- run_hooks(pre_hooks, inside_transaction=False) -}}
    {{- run_hooks(pre_hooks, inside_transaction=True) -}}
  {%- endif -%}

  {%- if existing_relation is none -%}
    {%- set built_relation = target_relation -%}
    {%- set build_sql = get_create_table_as_sql(False, target_relation, sql) -%}
  {%- elif is_swap -%}
    {%- set built_relation = intermediate_relation -%}
    {%- set build_sql = get_create_table_as_sql(False, intermediate_relation, sql) -%}
  {%- else -%}
    {%- set temp_relation = make_temp_relation(
      target_relation, '__dbt_tmp_' ~ model.batch.id) if model.batch
      else make_temp_relation(target_relation) -%}
    {%- do run_query(get_create_table_as_sql(True, temp_relation, sql)) -%}
    {%- do to_drop.append(temp_relation) -%}
    {%- if not config.get('contract').enforced -%}
      {%- do adapter.expand_target_column_types(
        from_relation=temp_relation, to_relation=target_relation) -%}
    {%- endif -%}
    {%- set dest_columns =
      process_schema_changes(on_schema_change, temp_relation, existing_relation)
      or adapter.get_columns_in_relation(existing_relation) -%}
    {%- set build_sql = strategy_macro({
      'target_relation': target_relation,
      'temp_relation': temp_relation,
      'unique_key': config.get('unique_key'),
      'dest_columns': dest_columns,
      'incremental_predicates':
        config.get('predicates') or config.get('incremental_predicates'),
    }) -%}
  {%- endif -%}

  {%- call statement('main') -%}
    {{ build_sql }}
  {%- endcall -%}

  {%- if is_swap or existing_relation is none -%}
    {%- do create_indexes(built_relation) -%}
  {%- endif -%}
  {%- if is_swap -%}
    {%- do adapter.rename_relation(existing_relation, backup_relation) -%}
    {%- do adapter.rename_relation(intermediate_relation, target_relation) -%}
    {%- do to_drop.append(backup_relation) -%}
  {%- endif -%}

  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode)) -%}
  {%- do persist_docs(target_relation, model) -%}

  {{- run_hooks(post_hooks, inside_transaction=True) if post_hooks -}}
  {%- do adapter.commit() -%}
  {%- for relation in to_drop -%}
    {%- do adapter.drop_relation(relation) -%}
  {%- endfor -%}
  {{- run_hooks(post_hooks, inside_transaction=False) if post_hooks -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}
