{# An incremental model on DuckDB: as everywhere, except for how a full refresh replaces the table
   (replacing.sql). #}

{% materialization incremental, adapter='duckdb', supported_languages=['sql', 'python'] -%}
  {%- set language = model['language'] -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set full_refresh_mode = should_full_refresh() -%}
  {%- set is_swap = existing_relation is not none
      and (full_refresh_mode or not existing_relation.is_table) -%}
  {%- set on_schema_change = incremental_validate_on_schema_change(
    config.get('on_schema_change'), default='ignore') -%}
  {%- set to_drop = [] -%}
  {%- set dropped = [] -%}

  {%- if is_swap -%}
    {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
    {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
  {%- endif -%}

  {%- if pre_hooks -%}
    {{- run_hooks(pre_hooks, inside_transaction=False) -}}
    {{- run_hooks(pre_hooks, inside_transaction=True) -}}
  {%- endif -%}

  {%- if existing_relation is none or is_swap -%}
    {%- set is_in_place = not is_swap or (config.get('contract').enforced
      and has_foreign_key_constraints(existing_relation)) -%}
    {%- if is_swap and is_in_place -%}
      {%- set dropped = drop_relation_for_rebuild(existing_relation) -%}
    {%- endif -%}
    {%- call statement('main', language=language) -%}
      {{ create_table_as(
        False, target_relation if is_in_place else intermediate_relation, compiled_code,
        language) }}
    {%- endcall -%}
    {%- if not is_in_place -%}
      {%- set dropped = drop_relation_for_rebuild(existing_relation) -%}
      {%- do adapter.rename_relation(intermediate_relation, target_relation) -%}
    {%- endif -%}
    {%- do restore_foreign_key_dependents(dropped) if dropped -%}
    {%- do create_indexes(target_relation) -%}
  {%- else -%}
    {%- set strategy_macro = adapter.get_incremental_strategy_macro(
      context, config.get('incremental_strategy') or 'default') -%}
    {%- set temp_relation = duckdb__dispatch_temporary_relation(
      target_relation, model.batch.id if model.batch else '') -%}
    {%- if language == 'python' -%}
      {%- call statement('pre', language=language) -%}
        {{ create_table_as(True, temp_relation, compiled_code, language) }}
      {%- endcall -%}
    {%- else -%}
      {%- do run_query(create_table_as(True, temp_relation, compiled_code, language)) -%}
    {%- endif -%}
    {%- do to_drop.append(temp_relation) -%}
    {%- set dest_columns =
      process_schema_changes(on_schema_change, temp_relation, existing_relation)
      or adapter.get_columns_in_relation(existing_relation) -%}
    {%- call statement('main') -%}
      {{ strategy_macro({
        'target_relation': target_relation,
        'temp_relation': temp_relation,
        'unique_key': config.get('unique_key'),
        'dest_columns': dest_columns,
        'incremental_predicates':
          config.get('predicates') or config.get('incremental_predicates'),
      }) }}
    {%- endcall -%}
  {%- endif -%}

  {{- run_hooks(post_hooks, inside_transaction=True) if post_hooks -}}
  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode)) -%}
  {%- do persist_docs(target_relation, model) -%}

  {%- do adapter.commit() -%}
  {%- for relation in to_drop -%}
    {%- do adapter.drop_relation(relation) -%}
  {%- endfor -%}
  {{- run_hooks(post_hooks, inside_transaction=False) if post_hooks -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}
