{# ADPT-29 #}

{% materialization snapshot, default -%}
  {%- set exists, target_relation = get_or_create_relation(
    database=model.database, schema=model.schema, identifier=model.get('alias', model['name']),
    type='table') -%}
  {%- if not target_relation.is_table -%}
    {%- do exceptions.relation_wrong_type(target_relation, 'table') -%}
  {%- endif -%}

  {{- run_hooks(pre_hooks, inside_transaction=False) -}}
  {{- run_hooks(pre_hooks, inside_transaction=True) -}}

  {%- set strategy_macro = strategy_dispatch(config.get('strategy')) -%}
  {%- set strategy = strategy_macro(
    model, 'snapshotted_data', 'source_data', model['config'], exists) -%}

  {%- if not exists -%}
    {%- set final_sql = create_table_as(
      False, target_relation, build_snapshot_table(strategy, model['compiled_code'])) -%}
  {%- else -%}
    {%- do adapter.assert_valid_snapshot_target_given_strategy(
      target_relation, upriver__snapshot_columns(), strategy) -%}
    {%- set staging_table = build_snapshot_staging_table(strategy, sql, target_relation) -%}
    {%- do adapter.expand_target_column_types(
      from_relation=staging_table, to_relation=target_relation) -%}
    {%- do create_columns(target_relation, upriver__without_staging_columns(
      adapter.get_missing_columns(staging_table, target_relation))) -%}
    {%- set insert_columns = [] -%}
    {%- for column in upriver__without_staging_columns(
        adapter.get_columns_in_relation(staging_table)) -%}
      {%- do insert_columns.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- set final_sql = snapshot_merge_sql(
      target=target_relation, source=staging_table, insert_cols=insert_columns) -%}
  {%- endif -%}

  {#- Where the snapshot writes the time itself both types are one by construction. -#}
  {%- if config.get('updated_at') -%}
    {%- do check_time_data_types(
      'select ' ~ strategy.updated_at ~ ' as ' ~ upriver__snapshot_columns().dbt_updated_at
      ~ ' from (\n' ~ model['compiled_code'] ~ '\n) sbq') -%}
  {%- endif -%}

  {%- call statement('main') -%}
    {{ final_sql }}
  {%- endcall -%}

  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(target_relation if exists else none, full_refresh_mode=False)) -%}
  {%- do persist_docs(target_relation, model) -%}
  {%- if not exists -%}
    {%- do create_indexes(target_relation) -%}
  {%- endif -%}

  {{- run_hooks(post_hooks, inside_transaction=True) -}}
  {%- do adapter.commit() -%}
  {%- if staging_table is defined -%}
    {%- do post_snapshot(staging_table) -%}
  {%- endif -%}
  {{- run_hooks(post_hooks, inside_transaction=False) -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}


{# The columns of a staging table that belong into the snapshot. #}
{% macro upriver__without_staging_columns(columns) -%}
  {%- set kept = [] -%}
  {%- for column in columns -%}
    {%- set name = column.name | lower -%}
    {%- if name != 'dbt_change_type' and not name.startswith('dbt_unique_key') -%}
      {%- do kept.append(column) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- do return(kept) -%}
{%- endmacro %}
