{# ADPT-30 #}

{% materialization seed, default -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set full_refresh_mode = should_full_refresh() -%}
  {%- set old_relation = adapter.get_relation(
    database=database, schema=schema, identifier=model['alias']) -%}
  {%- set agate_table = load_agate_table() -%}
  {%- do store_result('agate_table', response='OK', agate_table=agate_table) -%}

  {{- run_hooks(pre_hooks, inside_transaction=False) -}}
  {{- run_hooks(pre_hooks, inside_transaction=True) -}}

  {%- if old_relation is none -%}
    {%- set create_sql = create_csv_table(model, agate_table) -%}
  {%- elif old_relation.is_view -%}
    {%- do exceptions.raise_compiler_error(
      'A seed is loaded into a table, but ' ~ old_relation.render() ~ ' is a view') -%}
  {%- else -%}
    {%- set create_sql = reset_csv_table(model, full_refresh_mode, old_relation, agate_table) -%}
  {%- endif -%}
  {%- set insert_sql = load_csv_rows(model, agate_table) -%}

  {%- set code = 'CREATE' if full_refresh_mode else 'INSERT' -%}
  {%- set rows_affected = agate_table.rows | length -%}
  {%- call noop_statement('main', code ~ ' ' ~ rows_affected, code, rows_affected) -%}
    {{ get_csv_sql(create_sql, insert_sql) }}
  {%- endcall -%}

  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(old_relation, full_refresh_mode)) -%}
  {%- do persist_docs(target_relation, model) -%}
  {%- if full_refresh_mode or old_relation is none -%}
    {%- do create_indexes(target_relation) -%}
  {%- endif -%}

  {{- run_hooks(post_hooks, inside_transaction=True) -}}
  {%- do adapter.commit() -%}
  {{- run_hooks(post_hooks, inside_transaction=False) -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}
