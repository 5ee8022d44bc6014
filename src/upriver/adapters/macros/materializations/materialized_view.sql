{# ADPT-34: created once, then refreshed, or altered or replaced when its configuration changed. #}

{% materialization materialized_view, default -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type=this.MaterializedView) -%}
  {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
  {%- set backup_relation = make_backup_relation(
    target_relation, target_relation.MaterializedView if existing_relation is none
    else existing_relation.type) -%}

  {{- materialized_view_setup(backup_relation, intermediate_relation, pre_hooks) -}}

  {%- set build_sql = materialized_view_get_build_sql(
    existing_relation, target_relation, backup_relation, intermediate_relation) -%}
  {%- if build_sql | trim -%}
    {{- materialized_view_execute_build_sql(
      build_sql, existing_relation, target_relation, post_hooks) -}}
  {%- else -%}
    {{- materialized_view_execute_no_op(target_relation) -}}
  {%- endif -%}

  {{- materialized_view_teardown(backup_relation, intermediate_relation, post_hooks) -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}


{% macro materialized_view_setup(backup_relation, intermediate_relation, pre_hooks) -%}
  {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
  {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
  {{- run_hooks(pre_hooks, inside_transaction=False) -}}
{%- endmacro %}


{# What the build renamed or left aside without the cache knowing is dropped by name. #}
{% macro materialized_view_teardown(backup_relation, intermediate_relation, post_hooks) -%}
  {%- do drop_relation_if_exists(backup_relation) -%}
  {%- do drop_relation_if_exists(intermediate_relation) -%}
  {{- run_hooks(post_hooks, inside_transaction=False) -}}
{%- endmacro %}


{# The statement of this run; empty when there is nothing to do. #}
{% macro materialized_view_get_build_sql(
  existing_relation, target_relation, backup_relation, intermediate_relation
) -%}
  {%- if existing_relation is none -%}
    {%- do return(get_create_materialized_view_as_sql(target_relation, sql)) -%}
  {%- elif should_full_refresh() or not existing_relation.is_materialized_view -%}
    {%- do return(get_replace_sql(existing_relation, target_relation, sql)) -%}
  {%- endif -%}

  {%- set on_change = config.get('on_configuration_change') or 'apply' -%}
  {%- set changes = get_materialized_view_configuration_changes(existing_relation, config) -%}
  {%- if changes is none -%}
    {%- do return(refresh_materialized_view(target_relation)) -%}
  {%- elif on_change == 'apply' -%}
    {%- do return(get_alter_materialized_view_as_sql(
      target_relation, changes, sql, existing_relation, backup_relation,
      intermediate_relation)) -%}
  {%- elif on_change == 'continue' -%}
    {%- do exceptions.warn(
      'Configuration changes were found and `on_configuration_change` is `continue` for '
      ~ target_relation) -%}
    {%- do return('') -%}
  {%- elif on_change == 'fail' -%}
    {%- do exceptions.raise_fail_fast_error(
      'Configuration changes were found and `on_configuration_change` is `fail` for '
      ~ target_relation) -%}
  {%- endif -%}
  {%- do exceptions.raise_compiler_error(
    "`on_configuration_change` is apply, continue or fail, not '" ~ on_change ~ "'") -%}
{%- endmacro %}


{% macro materialized_view_execute_no_op(target_relation) -%}
  {%- do store_raw_result(
    name='main', message='skip ' ~ target_relation, code='skip', rows_affected='-1') -%}
{%- endmacro %}


{% macro materialized_view_execute_build_sql(
  build_sql, existing_relation, target_relation, post_hooks
) -%}
  {#- Only where something is built do the hooks inside the transaction have one to be in. -#}
  {{- run_hooks(pre_hooks, inside_transaction=True) -}}
  {%- call statement(name='main') -%}
    {{ build_sql }}
  {%- endcall -%}
  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
  {%- do persist_docs(target_relation, model) -%}
  {{- run_hooks(post_hooks, inside_transaction=True) -}}
  {%- do adapter.commit() -%}
{%- endmacro %}
