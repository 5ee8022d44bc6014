{# The SQL that creates, replaces, drops and renames, by type of relation (JINJA-155, JINJA-156).
   None of these sends anything. #}

{% macro get_create_sql(relation, sql) -%}
  {{- adapter.dispatch('get_create_sql', 'dbt')(relation, sql) -}}
{%- endmacro %}

{% macro default__get_create_sql(relation, sql) -%}
  {%- if relation.is_view -%}
    {{- get_create_view_as_sql(relation, sql) -}}
  {%- elif relation.is_table -%}
    {{- get_create_table_as_sql(False, relation, sql) -}}
  {%- elif relation.is_materialized_view -%}
    {{- get_create_materialized_view_as_sql(relation, sql) -}}
  {%- else -%}
    {%- do exceptions.raise_compiler_error(
      "There is no SQL that creates a relation of type '" ~ relation.type ~ "'") -%}
  {%- endif -%}
{%- endmacro %}


{# Tables #}

{% macro get_create_table_as_sql(temporary, relation, sql) -%}
  {{- adapter.dispatch('get_create_table_as_sql', 'dbt')(temporary, relation, sql) -}}
{%- endmacro %}

{% macro default__get_create_table_as_sql(temporary, relation, sql) -%}
  {{- create_table_as(temporary, relation, sql) -}}
{%- endmacro %}


{% macro create_table_as(temporary, relation, compiled_code, language='sql') -%}
  {%- set dispatched = adapter.dispatch('create_table_as', 'dbt') -%}
  {#- Adapters that know only SQL take three arguments. -#}
  {%- if language == 'sql' -%}
    {{- dispatched(temporary, relation, compiled_code) -}}
  {%- else -%}
    {{- dispatched(temporary, relation, compiled_code, language) -}}
  {%- endif -%}
{%- endmacro %}

{% macro default__create_table_as(temporary, relation, sql) -%}
  {{- config.get('sql_header') or '' }}
  create {% if temporary %}temporary {% endif %}table
    {{ relation.include(database=(not temporary), schema=(not temporary)) }}
  {%- if config.get('contract').enforced and not temporary %}
    {{- get_assert_columns_equivalent(sql) }}
    {{ get_table_columns_and_constraints() }}
    {%- set sql = get_select_subquery(sql) %}
  {%- endif %}
  as (
    {{ sql }}
  );
{%- endmacro %}


{# The columns of the contract, in its order, from whatever order the query has. #}
{% macro get_select_subquery(sql) -%}
  {{- adapter.dispatch('get_select_subquery', 'dbt')(sql) -}}
{%- endmacro %}

{% macro default__get_select_subquery(sql) -%}
  select {{ adapter.dispatch('get_column_names', 'dbt')() }}
  from (
    {{ sql }}
  ) as model_subq
{%- endmacro %}

{% macro default__get_column_names() -%}
  {%- for column in model['columns'].values() -%}
    {{- adapter.quote(column['name']) if column.get('quote') else column['name'] -}}
    {{- ', ' if not loop.last -}}
  {%- endfor -%}
{%- endmacro %}


{% macro get_replace_table_sql(relation, sql) -%}
  {{- adapter.dispatch('get_replace_table_sql', 'dbt')(relation, sql) -}}
{%- endmacro %}

{% macro default__get_replace_table_sql(relation, sql) -%}
  {%- do upriver__not_implemented('get_replace_table_sql') -%}
{%- endmacro %}


{% macro drop_table(relation) -%}
  {{- adapter.dispatch('drop_table', 'dbt')(relation) -}}
{%- endmacro %}

{% macro default__drop_table(relation) -%}
  drop table if exists {{ relation.render() }} cascade
{%- endmacro %}


{% macro get_rename_table_sql(relation, new_name) -%}
  {{- adapter.dispatch('get_rename_table_sql', 'dbt')(relation, new_name) -}}
{%- endmacro %}

{% macro default__get_rename_table_sql(relation, new_name) -%}
  {%- do upriver__not_implemented('get_rename_table_sql') -%}
{%- endmacro %}


{# Views #}

{% macro get_create_view_as_sql(relation, sql) -%}
  {{- adapter.dispatch('get_create_view_as_sql', 'dbt')(relation, sql) -}}
{%- endmacro %}

{% macro default__get_create_view_as_sql(relation, sql) -%}
  {{- create_view_as(relation, sql) -}}
{%- endmacro %}


{% macro create_view_as(relation, sql) -%}
  {{- adapter.dispatch('create_view_as', 'dbt')(relation, sql) -}}
{%- endmacro %}

{% macro default__create_view_as(relation, sql) -%}
  {{- config.get('sql_header') or '' }}
  create view {{ relation }}
  {%- if config.get('contract').enforced %}
    {{- get_assert_columns_equivalent(sql) }}
  {%- endif %}
  as (
    {{ sql }}
  );
{%- endmacro %}


{% macro get_replace_view_sql(relation, sql) -%}
  {{- adapter.dispatch('get_replace_view_sql', 'dbt')(relation, sql) -}}
{%- endmacro %}

{% macro default__get_replace_view_sql(relation, sql) -%}
  {%- do upriver__not_implemented('get_replace_view_sql') -%}
{%- endmacro %}


{% macro drop_view(relation) -%}
  {{- adapter.dispatch('drop_view', 'dbt')(relation) -}}
{%- endmacro %}

{% macro default__drop_view(relation) -%}
  drop view if exists {{ relation.render() }} cascade
{%- endmacro %}


{% macro get_rename_view_sql(relation, new_name) -%}
  {{- adapter.dispatch('get_rename_view_sql', 'dbt')(relation, new_name) -}}
{%- endmacro %}

{% macro default__get_rename_view_sql(relation, new_name) -%}
  {%- do upriver__not_implemented('get_rename_view_sql') -%}
{%- endmacro %}


{# Materialized views #}

{% macro get_create_materialized_view_as_sql(relation, sql) -%}
  {{- adapter.dispatch('get_create_materialized_view_as_sql', 'dbt')(relation, sql) -}}
{%- endmacro %}

{% macro default__get_create_materialized_view_as_sql(relation, sql) -%}
  {%- do exceptions.raise_compiler_error(
    adapter.type() ~ ' has no materialized views; use `materialized: table`, or bring a macro `'
    ~ adapter.type() ~ '__get_create_materialized_view_as_sql`') -%}
{%- endmacro %}


{% macro get_replace_materialized_view_sql(relation, sql) -%}
  {{- adapter.dispatch('get_replace_materialized_view_sql', 'dbt')(relation, sql) -}}
{%- endmacro %}

{% macro default__get_replace_materialized_view_sql(relation, sql) -%}
  {%- do upriver__not_implemented('get_replace_materialized_view_sql') -%}
{%- endmacro %}


{% macro drop_materialized_view(relation) -%}
  {{- adapter.dispatch('drop_materialized_view', 'dbt')(relation) -}}
{%- endmacro %}

{% macro default__drop_materialized_view(relation) -%}
  drop materialized view if exists {{ relation.render() }} cascade
{%- endmacro %}


{% macro get_rename_materialized_view_sql(relation, new_name) -%}
  {{- adapter.dispatch('get_rename_materialized_view_sql', 'dbt')(relation, new_name) -}}
{%- endmacro %}

{% macro default__get_rename_materialized_view_sql(relation, new_name) -%}
  {%- do upriver__not_implemented('get_rename_materialized_view_sql') -%}
{%- endmacro %}


{% macro refresh_materialized_view(relation) -%}
  {{- adapter.dispatch('refresh_materialized_view', 'dbt')(relation) -}}
{%- endmacro %}

{% macro default__refresh_materialized_view(relation) -%}
  {%- do upriver__not_implemented('refresh_materialized_view') -%}
{%- endmacro %}


{% macro get_alter_materialized_view_as_sql(
  relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation
) -%}
  {{- adapter.dispatch('get_alter_materialized_view_as_sql', 'dbt')(
    relation, configuration_changes, sql, existing_relation, backup_relation,
    intermediate_relation) -}}
{%- endmacro %}

{% macro default__get_alter_materialized_view_as_sql(
  relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation
) -%}
  {%- do upriver__not_implemented('get_alter_materialized_view_as_sql') -%}
{%- endmacro %}


{# None when nothing about the existing materialized view has to change. #}
{% macro get_materialized_view_configuration_changes(existing_relation, new_config) -%}
  {%- do return(adapter.dispatch('get_materialized_view_configuration_changes', 'dbt')(
    existing_relation, new_config)) -%}
{%- endmacro %}

{% macro default__get_materialized_view_configuration_changes(existing_relation, new_config) -%}
  {%- do upriver__not_implemented('get_materialized_view_configuration_changes') -%}
{%- endmacro %}


{# Any type #}

{% macro get_drop_sql(relation) -%}
  {{- adapter.dispatch('get_drop_sql', 'dbt')(relation) -}}
{%- endmacro %}

{% macro default__get_drop_sql(relation) -%}
  {%- if relation.is_table -%}
    {{- drop_table(relation) -}}
  {%- elif relation.is_view -%}
    {{- drop_view(relation) -}}
  {%- elif relation.is_materialized_view -%}
    {{- drop_materialized_view(relation) -}}
  {%- else -%}
    drop {{ relation.type }} if exists {{ relation.render() }} cascade
  {%- endif -%}
{%- endmacro %}


{% macro get_rename_sql(relation, new_name) -%}
  {{- adapter.dispatch('get_rename_sql', 'dbt')(relation, new_name) -}}
{%- endmacro %}

{% macro default__get_rename_sql(relation, new_name) -%}
  {%- if relation.is_table -%}
    {{- get_rename_table_sql(relation, new_name) -}}
  {%- elif relation.is_view -%}
    {{- get_rename_view_sql(relation, new_name) -}}
  {%- elif relation.is_materialized_view -%}
    {{- get_rename_materialized_view_sql(relation, new_name) -}}
  {%- else -%}
    {%- do exceptions.raise_compiler_error(
      "There is no SQL that renames a relation of type '" ~ relation.type ~ "'") -%}
  {%- endif -%}
{%- endmacro %}


{% macro get_create_intermediate_sql(relation, sql) -%}
  {{- adapter.dispatch('get_create_intermediate_sql', 'dbt')(relation, sql) -}}
{%- endmacro %}

{% macro default__get_create_intermediate_sql(relation, sql) -%}
  {%- set intermediate = make_intermediate_relation(relation) -%}
  {{ get_drop_sql(intermediate) }};
  {{ get_create_sql(intermediate, sql) }}
{%- endmacro %}


{% macro get_rename_intermediate_sql(relation) -%}
  {{- adapter.dispatch('get_rename_intermediate_sql', 'dbt')(relation) -}}
{%- endmacro %}

{% macro default__get_rename_intermediate_sql(relation) -%}
  {{- get_rename_sql(make_intermediate_relation(relation), relation.identifier) -}}
{%- endmacro %}


{% macro get_create_backup_sql(relation) -%}
  {{- adapter.dispatch('get_create_backup_sql', 'dbt')(relation) -}}
{%- endmacro %}

{% macro default__get_create_backup_sql(relation) -%}
  {%- set backup = make_backup_relation(relation, relation.type) -%}
  {{ get_drop_sql(backup) }};
  {{ get_rename_sql(relation, backup.identifier) }}
{%- endmacro %}


{% macro get_drop_backup_sql(relation) -%}
  {{- adapter.dispatch('get_drop_backup_sql', 'dbt')(relation) -}}
{%- endmacro %}

{% macro default__get_drop_backup_sql(relation) -%}
  {{- get_drop_sql(make_backup_relation(relation, relation.type)) -}}
{%- endmacro %}


{# Put `target_relation` in the place of `existing_relation`, which may be of another type: in one
   statement where the warehouse can replace, else with as much kept aside as can be renamed. #}
{% macro get_replace_sql(existing_relation, target_relation, sql) -%}
  {{- adapter.dispatch('get_replace_sql', 'dbt')(existing_relation, target_relation, sql) -}}
{%- endmacro %}

{% macro default__get_replace_sql(existing_relation, target_relation, sql) -%}
  {%- set is_same_type = existing_relation.type == target_relation.type -%}
  {%- if is_same_type and target_relation.is_view and target_relation.can_be_replaced -%}
    {{- get_replace_view_sql(target_relation, sql) -}}
  {%- elif is_same_type and target_relation.is_table and target_relation.can_be_replaced -%}
    {{- get_replace_table_sql(target_relation, sql) -}}
  {%- elif is_same_type and target_relation.is_materialized_view
      and target_relation.can_be_replaced -%}
    {{- get_replace_materialized_view_sql(target_relation, sql) -}}
  {%- elif target_relation.can_be_renamed and existing_relation.can_be_renamed -%}
    {{ get_create_intermediate_sql(target_relation, sql) }};
    {{ get_create_backup_sql(existing_relation) }};
    {{ get_rename_intermediate_sql(target_relation) }};
    {{ get_drop_backup_sql(existing_relation) }}
  {%- elif target_relation.can_be_renamed -%}
    {{ get_create_intermediate_sql(target_relation, sql) }};
    {{ get_drop_sql(existing_relation) }};
    {{ get_rename_intermediate_sql(target_relation) }}
  {%- elif existing_relation.can_be_renamed -%}
    {{ get_create_backup_sql(existing_relation) }};
    {{ get_create_sql(target_relation, sql) }};
    {{ get_drop_backup_sql(existing_relation) }}
  {%- else -%}
    {{ get_drop_sql(existing_relation) }};
    {{ get_create_sql(target_relation, sql) }}
  {%- endif -%}
{%- endmacro %}
