{# ADPT-31: count the failing rows, from where they are stored if they are to be kept. #}

{% materialization test, default -%}
  {%- set relations = [] -%}
  {%- set limit = config.get('limit') -%}
  {%- set stored_as = config.get('store_failures_as') -%}
  {%- if should_store_failures() -%}
    {%- set stored_as = stored_as or 'table' -%}
    {%- if stored_as not in ['table', 'view'] -%}
      {%- do exceptions.raise_compiler_error(
        "`store_failures_as` is table, view or ephemeral, not '" ~ stored_as ~ "'") -%}
    {%- endif -%}
    {%- set target_relation = api.Relation.create(
      database=database, schema=schema, identifier=model['alias'], type=stored_as) -%}
    {%- do drop_relation_if_exists(load_cached_relation(target_relation)) -%}
    {%- call statement(auto_begin=True) -%}
      {{ get_create_sql(target_relation, get_limit_subquery_sql(sql, limit)) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {%- do relations.append(target_relation) -%}
    {%- set main_sql = 'select *\n      from ' ~ target_relation -%}
    {%- set limit = none -%}
  {%- else -%}
    {%- set main_sql = sql -%}
  {%- endif -%}

  {%- call statement('main', fetch_result=True) -%}
    {{ get_test_sql(
      main_sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit) }}
  {%- endcall -%}

  {%- do return({'relations': relations}) -%}
{%- endmaterialization %}
