{# How new rows get into an existing table (JINJA-157). The strategy macros return SQL; the schema
   change macros act. #}

{# Strategies: each takes one mapping of target_relation, temp_relation, unique_key, dest_columns
   and incremental_predicates. #}

{% macro get_incremental_append_sql(arg_dict) -%}
  {%- do return(adapter.dispatch('get_incremental_append_sql', 'dbt')(arg_dict)) -%}
{%- endmacro %}

{% macro default__get_incremental_append_sql(arg_dict) -%}
  {%- do return(get_insert_into_sql(
    arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns'])) -%}
{%- endmacro %}


{% macro get_incremental_delete_insert_sql(arg_dict) -%}
  {%- do return(adapter.dispatch('get_incremental_delete_insert_sql', 'dbt')(arg_dict)) -%}
{%- endmacro %}

{% macro default__get_incremental_delete_insert_sql(arg_dict) -%}
  {%- do return(get_delete_insert_merge_sql(
    arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['unique_key'],
    arg_dict['dest_columns'], arg_dict['incremental_predicates'])) -%}
{%- endmacro %}


{% macro get_incremental_merge_sql(arg_dict) -%}
  {%- do return(adapter.dispatch('get_incremental_merge_sql', 'dbt')(arg_dict)) -%}
{%- endmacro %}

{% macro default__get_incremental_merge_sql(arg_dict) -%}
  {%- do return(get_merge_sql(
    arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['unique_key'],
    arg_dict['dest_columns'], arg_dict['incremental_predicates'])) -%}
{%- endmacro %}


{% macro get_incremental_insert_overwrite_sql(arg_dict) -%}
  {%- do return(adapter.dispatch('get_incremental_insert_overwrite_sql', 'dbt')(arg_dict)) -%}
{%- endmacro %}

{% macro default__get_incremental_insert_overwrite_sql(arg_dict) -%}
  {%- do return(get_insert_overwrite_merge_sql(
    arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns'],
    arg_dict['incremental_predicates'])) -%}
{%- endmacro %}


{% macro get_incremental_default_sql(arg_dict) -%}
  {%- do return(adapter.dispatch('get_incremental_default_sql', 'dbt')(arg_dict)) -%}
{%- endmacro %}

{% macro default__get_incremental_default_sql(arg_dict) -%}
  {%- do return(get_incremental_append_sql(arg_dict)) -%}
{%- endmacro %}


{% macro get_incremental_microbatch_sql(arg_dict) -%}
  {%- do return(adapter.dispatch('get_incremental_microbatch_sql', 'dbt')(arg_dict)) -%}
{%- endmacro %}

{% macro default__get_incremental_microbatch_sql(arg_dict) -%}
  {%- do upriver__not_implemented('get_incremental_microbatch_sql') -%}
{%- endmacro %}


{% macro get_insert_into_sql(target_relation, temp_relation, dest_columns) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  insert into {{ target_relation }} ({{ columns }})
  (
    select {{ columns }}
    from {{ temp_relation }}
  )
{%- endmacro %}


{# Delete the rows that come again, then insert all. #}
{% macro get_delete_insert_merge_sql(
  target, source, unique_key, dest_columns, incremental_predicates
) -%}
  {{- adapter.dispatch('get_delete_insert_merge_sql', 'dbt')(
    target, source, unique_key, dest_columns, incremental_predicates) -}}
{%- endmacro %}

{% macro default__get_delete_insert_merge_sql(
  target, source, unique_key, dest_columns, incremental_predicates
) -%}
  {%- if unique_key -%}
    {%- set key = unique_key if unique_key is string else unique_key | join(', ') -%}
    delete from {{ target }} as DBT_INTERNAL_DEST
    where ({{ key }}) in (
      select distinct {{ key }}
      from {{ source }} as DBT_INTERNAL_SOURCE
    )
    {%- for predicate in incremental_predicates or [] %}
      and {{ predicate }}
      {%- if loop.last %}
    {% endif -%}
    {%- endfor %};
  {% endif %}
  {{- get_insert_into_sql(target, source, dest_columns) }}
{%- endmacro %}


{% macro get_merge_sql(
  target, source, unique_key, dest_columns, incremental_predicates=none
) -%}
  {%- if incremental_predicates is string -%}
    {%- do exceptions.raise_compiler_error(
      '`incremental_predicates` is a list of conditions, not one text') -%}
  {%- endif -%}
  {{- adapter.dispatch('get_merge_sql', 'dbt')(
    target, source, unique_key, dest_columns, incremental_predicates) -}}
{%- endmacro %}

{% macro default__get_merge_sql(
  target, source, unique_key, dest_columns, incremental_predicates=none
) -%}
  {%- set conditions = (incremental_predicates or []) | list -%}
  {%- if unique_key is sequence and unique_key is not string -%}
    {%- for key in unique_key -%}
      {%- do conditions.append(' DBT_INTERNAL_SOURCE.' ~ key ~ ' = DBT_INTERNAL_DEST.' ~ key ~ ' ') -%}
    {%- endfor -%}
  {%- elif unique_key -%}
    {%- do conditions.append(get_merge_unique_key_match(
      'DBT_INTERNAL_SOURCE.' ~ unique_key, 'DBT_INTERNAL_DEST.' ~ unique_key)) -%}
  {%- else -%}
    {%- do conditions.append('FALSE') -%}
  {%- endif -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  {{- config.get('sql_header') or '' }}
  merge into {{ target }} as DBT_INTERNAL_DEST
    using {{ source }} as DBT_INTERNAL_SOURCE
    on ({{ conditions | join(') and (') }})
  {%- if unique_key %}
  when matched then update set
    {% for column in get_merge_update_columns(
      config.get('merge_update_columns'), config.get('merge_exclude_columns'), dest_columns) -%}
      {{ column }} = DBT_INTERNAL_SOURCE.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
  {%- endif %}
  when not matched then insert
    ({{ columns }})
  values
    ({{ columns }})
{%- endmacro %}


{% macro get_merge_unique_key_match(source_unique_key, target_unique_key) -%}
  {{- adapter.dispatch('get_merge_unique_key_match', 'dbt')(
    source_unique_key, target_unique_key) -}}
{%- endmacro %}

{% macro default__get_merge_unique_key_match(source_unique_key, target_unique_key) -%}
  {{- equals(source_unique_key, target_unique_key) -}}
{%- endmacro %}


{# Replace what the predicates select by what is new, in one merge. #}
{% macro get_insert_overwrite_merge_sql(
  target, source, dest_columns, predicates, include_sql_header=false
) -%}
  {{- adapter.dispatch('get_insert_overwrite_merge_sql', 'dbt')(
    target, source, dest_columns, predicates, include_sql_header) -}}
{%- endmacro %}

{% macro default__get_insert_overwrite_merge_sql(
  target, source, dest_columns, predicates, include_sql_header
) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  {{- config.get('sql_header') or '' if include_sql_header else '' }}
  merge into {{ target }} as DBT_INTERNAL_DEST
    using {{ source }} as DBT_INTERNAL_SOURCE
    on FALSE
  when not matched by source
    {%- for predicate in predicates or [] %}
    and {{ predicate }}
    {%- endfor %}
    then delete
  when not matched then insert
    ({{ columns }})
  values
    ({{ columns }})
{%- endmacro %}


{% macro get_quoted_csv(column_names) -%}
  {%- set quoted = [] -%}
  {%- for name in column_names -%}
    {%- do quoted.append(adapter.quote(name)) -%}
  {%- endfor -%}
  {%- do return(quoted | join(', ')) -%}
{%- endmacro %}


{# Which columns a merge updates: those named, or all that are not excluded. #}
{% macro get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) -%}
  {%- do return(adapter.dispatch('get_merge_update_columns', 'dbt')(
    merge_update_columns, merge_exclude_columns, dest_columns)) -%}
{%- endmacro %}

{% macro default__get_merge_update_columns(
  merge_update_columns, merge_exclude_columns, dest_columns
) -%}
  {%- if merge_update_columns and merge_exclude_columns -%}
    {%- do exceptions.raise_compiler_error(
      'merge_update_columns and merge_exclude_columns exclude each other') -%}
  {%- elif merge_update_columns -%}
    {%- do return(merge_update_columns) -%}
  {%- endif -%}
  {%- set excluded = (merge_exclude_columns or []) | map('lower') | list -%}
  {%- set kept = [] -%}
  {%- for column in dest_columns if column.column | lower not in excluded -%}
    {%- do kept.append(column.quoted) -%}
  {%- endfor -%}
  {%- do return(kept) -%}
{%- endmacro %}


{# Schema changes: `ignore`, `fail`, `append_new_columns`, `sync_all_columns` (ADPT-28). #}

{% macro incremental_validate_on_schema_change(on_schema_change, default='ignore') -%}
  {%- if on_schema_change in ['ignore', 'fail', 'append_new_columns', 'sync_all_columns'] -%}
    {%- do return(on_schema_change) -%}
  {%- endif -%}
  {%- do log(
    "on_schema_change '" ~ on_schema_change ~ "' is not one of ignore, fail, append_new_columns "
    ~ "and sync_all_columns; '" ~ default ~ "' is used instead", info=on_schema_change is not none)
  -%}
  {%- do return(default) -%}
{%- endmacro %}


{# The columns of the first list whose names are not in the second. #}
{% macro diff_columns(source_columns, target_columns) -%}
  {%- set names = target_columns | map(attribute='column') | list -%}
  {%- set missing = [] -%}
  {%- for column in source_columns if column.column not in names -%}
    {%- do missing.append(column) -%}
  {%- endfor -%}
  {%- do return(missing) -%}
{%- endmacro %}


{# Columns in both whose type differs and cannot simply be widened. #}
{% macro diff_column_data_types(source_columns, target_columns) -%}
  {%- do return(adapter.dispatch('diff_column_data_types', 'dbt')(source_columns, target_columns)) -%}
{%- endmacro %}

{% macro default__diff_column_data_types(source_columns, target_columns) -%}
  {%- set target_by_name = {} -%}
  {%- for column in target_columns -%}
    {%- do target_by_name.update({column.name: column}) -%}
  {%- endfor -%}
  {%- set changes = [] -%}
  {%- for column in source_columns if column.name in target_by_name -%}
    {%- set existing = target_by_name[column.name] -%}
    {%- if column.expanded_data_type != existing.expanded_data_type
        and not existing.can_expand_to(other_column=column) -%}
      {%- do changes.append({
        'column_name': existing.name, 'new_type': column.expanded_data_type}) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- do return(changes) -%}
{%- endmacro %}


{% macro check_for_schema_changes(source_relation, target_relation) -%}
  {%- do return(adapter.dispatch('check_for_schema_changes', 'dbt')(
    source_relation, target_relation)) -%}
{%- endmacro %}

{% macro default__check_for_schema_changes(source_relation, target_relation) -%}
  {%- set source_columns = adapter.get_columns_in_relation(source_relation) -%}
  {%- set target_columns = adapter.get_columns_in_relation(target_relation) -%}
  {%- set added = diff_columns(source_columns, target_columns) -%}
  {%- set removed = diff_columns(target_columns, source_columns) -%}
  {%- set retyped = diff_column_data_types(source_columns, target_columns) -%}
  {%- do return({
    'schema_changed': (added or removed or retyped) | length > 0,
    'source_not_in_target': added,
    'target_not_in_source': removed,
    'source_columns': source_columns,
    'target_columns': target_columns,
    'new_target_types': retyped,
  }) -%}
{%- endmacro %}


{% macro sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) -%}
  {%- do return(adapter.dispatch('sync_column_schemas', 'dbt')(
    on_schema_change, target_relation, schema_changes_dict)) -%}
{%- endmacro %}

{% macro default__sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) -%}
  {%- set added = schema_changes_dict['source_not_in_target'] -%}
  {%- set is_full = on_schema_change == 'sync_all_columns' -%}
  {%- set removed = schema_changes_dict['target_not_in_source'] if is_full else [] -%}
  {%- set retyped = schema_changes_dict['new_target_types'] if is_full else [] -%}
  {%- if added or removed -%}
    {%- do alter_relation_add_remove_columns(target_relation, added, removed) -%}
  {%- endif -%}
  {%- for change in retyped -%}
    {%- do alter_column_type(target_relation, change['column_name'], change['new_type']) -%}
  {%- endfor -%}
  {%- do log(
    'Schema of ' ~ target_relation ~ ' changed: added ' ~ (added | map(attribute='name') | list)
    ~ ', removed ' ~ (removed | map(attribute='name') | list) ~ ', retyped ' ~ retyped) -%}
{%- endmacro %}


{# Bring the target's columns in line as configured; the columns to insert, or nothing where the
   target's own are to be used. #}
{% macro process_schema_changes(on_schema_change, source_relation, target_relation) -%}
  {%- do return(adapter.dispatch('process_schema_changes', 'dbt')(
    on_schema_change, source_relation, target_relation)) -%}
{%- endmacro %}

{% macro default__process_schema_changes(on_schema_change, source_relation, target_relation) -%}
  {%- if on_schema_change == 'ignore' -%}
    {%- do return({}) -%}
  {%- endif -%}
  {%- set changes = check_for_schema_changes(source_relation, target_relation) -%}
  {%- if changes['schema_changed'] and on_schema_change == 'fail' -%}
    {%- do exceptions.raise_compiler_error(
      'The columns of the query are no longer those of ' ~ target_relation
      ~ ', and on_schema_change is `fail`\nColumns only in the query: '
      ~ (changes['source_not_in_target'] | map(attribute='name') | list) ~ '\n'
      ~ 'Columns only in the table: '
      ~ (changes['target_not_in_source'] | map(attribute='name') | list) ~ '\n'
      ~ 'Columns of another type: ' ~ changes['new_target_types'] ~ '\n'
      ~ 'Set on_schema_change to append_new_columns or sync_all_columns, build the model with '
      ~ '--full-refresh, or alter the table by hand.') -%}
  {%- elif changes['schema_changed'] -%}
    {%- do sync_column_schemas(on_schema_change, target_relation, changes) -%}
  {%- endif -%}
  {%- do return(changes['source_columns']) -%}
{%- endmacro %}
