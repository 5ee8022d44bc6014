{# Snapshots: which rows changed, and the rows that record it (JINJA-159, ADPT-29). #}

{# Strategies: macros that return how rows are identified and compared. #}

{# The macro of a strategy by its name, `package.name` to choose the package. #}
{% macro strategy_dispatch(name) -%}
  {%- set package, _, bare = name.rpartition('.') -%}
  {%- set macros = context.get(package) if package else context -%}
  {%- set wanted = 'snapshot_' ~ bare ~ '_strategy' -%}
  {%- if not macros -%}
    {%- do exceptions.raise_compiler_error(
      "There is no package '" ~ package ~ "', named by the snapshot strategy '" ~ name ~ "'") -%}
  {%- elif wanted not in macros -%}
    {%- do exceptions.raise_compiler_error(
      "There is no snapshot strategy '" ~ bare ~ "'"
      ~ (" in package '" ~ package ~ "'" if package else '') ~ ': it would be a macro named `'
      ~ wanted ~ '`') -%}
  {%- endif -%}
  {%- do return(macros[wanted]) -%}
{%- endmacro %}


{% macro snapshot_timestamp_strategy(
  node, snapshotted_rel, current_rel, model_config, target_exists
) -%}
  {%- set columns = upriver__snapshot_columns() -%}
  {%- set updated_at = config.get('updated_at') -%}
  {%- do return(upriver__snapshot_strategy(
    updated_at,
    '(' ~ snapshotted_rel ~ '.' ~ columns.dbt_valid_from ~ ' < ' ~ current_rel ~ '.' ~ updated_at
    ~ ')')) -%}
{%- endmacro %}


{% macro snapshot_check_strategy(
  node, snapshotted_rel, current_rel, model_config, target_exists
) -%}
  {%- set column_added, check_cols = snapshot_check_all_get_existing_columns(
    node, target_exists, config.get('check_cols')) -%}
  {%- if column_added -%}
    {%- set row_changed = get_true_sql() -%}
  {%- else -%}
    {%- set row_changed -%}
    (
    {%- for column in check_cols -%}
      {%- set was, is = snapshotted_rel ~ '.' ~ column, current_rel ~ '.' ~ column -%}
      {{ was }} != {{ is }}
        or
        (
            (({{ was }} is null) and not ({{ is }} is null))
            or
            ((not {{ was }} is null) and ({{ is }} is null))
        )
      {%- if not loop.last %} or {% endif -%}
    {%- endfor -%}
    )
    {%- endset -%}
  {%- endif -%}
  {%- do return(upriver__snapshot_strategy(
    config.get('updated_at') or snapshot_get_time(), row_changed)) -%}
{%- endmacro %}


{# What both strategies share. #}
{% macro upriver__snapshot_strategy(updated_at, row_changed) -%}
  {%- set unique_key = config.get('unique_key') -%}
  {%- set hard_deletes = adapter.get_hard_deletes_behavior(config) -%}
  {%- set keys = [unique_key] if unique_key is string else unique_key | list -%}
  {%- do return({
    'unique_key': unique_key,
    'updated_at': updated_at,
    'row_changed': row_changed,
    'scd_id': snapshot_hash_arguments(keys + [updated_at]),
    'invalidate_hard_deletes': hard_deletes == 'invalidate',
    'hard_deletes': hard_deletes,
  }) -%}
{%- endmacro %}


{# The columns to compare: those of `check_cols` that the snapshot has already, quoted; and whether
   there are others, in which case every row counts as changed. #}
{% macro snapshot_check_all_get_existing_columns(node, target_exists, check_cols_config) -%}
  {%- if not target_exists -%}
    {%- do return((False, [])) -%}
  {%- endif -%}
  {%- if check_cols_config == 'all' -%}
    {%- set wanted = get_columns_in_query(node['compiled_code']) -%}
  {%- elif check_cols_config and check_cols_config is sequence and check_cols_config is not string -%}
    {#- By way of a query, so that the names come as the warehouse spells them. -#}
    {%- set wanted = get_columns_in_query(
      'select ' ~ (check_cols_config | join(', ')) ~ ' from (\n' ~ node['compiled_code']
      ~ '\n) subq') -%}
  {%- else -%}
    {%- do exceptions.raise_compiler_error(
      "`check_cols` is 'all' or a list of columns, not " ~ check_cols_config) -%}
  {%- endif -%}
  {%- set existing = adapter.get_columns_in_relation(
    load_relation(this) or this) | map(attribute='name') | list -%}
  {%- set quoted = [] -%}
  {%- for name in wanted if name in existing -%}
    {%- do quoted.append(adapter.quote(name)) -%}
  {%- endfor -%}
  {%- do return((quoted | length < wanted | length, quoted)) -%}
{%- endmacro %}


{# An id for a version of a row. #}
{% macro snapshot_hash_arguments(args) -%}
  {{- adapter.dispatch('snapshot_hash_arguments', 'dbt')(args) -}}
{%- endmacro %}

{% macro default__snapshot_hash_arguments(args) -%}
  md5(
  {%- for arg in args -%}
    coalesce(cast({{ arg }} as varchar ), '')
    {%- if not loop.last %} || '|' || {% endif -%}
  {%- endfor %}
  )
{%- endmacro %}


{% macro snapshot_string_as_time(timestamp) -%}
  {{- adapter.dispatch('snapshot_string_as_time', 'dbt')(timestamp) -}}
{%- endmacro %}

{% macro default__snapshot_string_as_time(timestamp) -%}
  {%- do upriver__not_implemented('snapshot_string_as_time') -%}
{%- endmacro %}


{% macro get_true_sql() -%}
  {{- adapter.dispatch('get_true_sql', 'dbt')() -}}
{%- endmacro %}

{% macro default__get_true_sql() -%}
  TRUE
{%- endmacro %}


{# Names and keys #}

{# The five columns of a snapshot, under their standard names. #}
{% macro get_snapshot_table_column_names() -%}
  {%- do return({
    'dbt_valid_to': 'dbt_valid_to',
    'dbt_valid_from': 'dbt_valid_from',
    'dbt_scd_id': 'dbt_scd_id',
    'dbt_updated_at': 'dbt_updated_at',
    'dbt_is_deleted': 'dbt_is_deleted',
  }) -%}
{%- endmacro %}


{# The same under the names this snapshot gives them. #}
{% macro upriver__snapshot_columns() -%}
  {%- set names = dict(get_snapshot_table_column_names()) -%}
  {%- set given = config.get('snapshot_meta_column_names')
      or config.get('snapshot_table_column_names') or {} -%}
  {%- for key in names if given[key] -%}
    {%- do names.update({key: given[key]}) -%}
  {%- endfor -%}
  {%- do return(names) -%}
{%- endmacro %}


{% macro unique_key_fields(unique_key) -%}
  {%- if unique_key is string -%}
    {{ unique_key }} as dbt_unique_key
  {%- else -%}
    {%- for key in unique_key %}
      {{ key }} as dbt_unique_key_{{ loop.index }}
      {%- if not loop.last %} ,{% endif %}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}


{% macro unique_key_join_on(unique_key, identifier, from_identifier) -%}
  {%- if unique_key is string -%}
    {{ identifier }}.dbt_unique_key = {{ from_identifier }}.dbt_unique_key
  {%- else -%}
    {%- for key in unique_key -%}
      {%- set name = 'dbt_unique_key_' ~ loop.index -%}
      {{ equals(identifier ~ '.' ~ name, from_identifier ~ '.' ~ name) }}
      {%- if not loop.last %} and {% endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}


{# One part of the key is enough to tell that an outer join found nothing. #}
{% macro unique_key_is_null(unique_key, identifier) -%}
  {{ identifier }}.dbt_unique_key{{ '' if unique_key is string else '_1' }} is null
{%- endmacro %}


{% macro unique_key_is_not_null(unique_key, identifier) -%}
  {{ identifier }}.dbt_unique_key{{ '' if unique_key is string else '_1' }} is not null
{%- endmacro %}


{# The end of validity of a version that is still valid. #}
{% macro get_dbt_valid_to_current(strategy, columns) -%}
  coalesce(nullif({{ strategy.updated_at }}, {{ strategy.updated_at }}), {{
    config.get('dbt_valid_to_current') or 'null' }})
  as {{ columns.dbt_valid_to }}
{%- endmacro %}


{# Queries #}

{# The first version of every row. #}
{% macro build_snapshot_table(strategy, sql) -%}
  {{- adapter.dispatch('build_snapshot_table', 'dbt')(strategy, sql) -}}
{%- endmacro %}

{% macro default__build_snapshot_table(strategy, sql) -%}
  {%- set columns = upriver__snapshot_columns() -%}
  select *,
    {{ strategy.scd_id }} as {{ columns.dbt_scd_id }},
    {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
    {{ get_dbt_valid_to_current(strategy, columns) }}
    {%- if strategy.hard_deletes == 'new_record' %}
    , 'False' as {{ columns.dbt_is_deleted }}
    {%- endif %}
  from (
    {{ sql }}
  ) sbq
{%- endmacro %}


{# What has to be inserted into the snapshot and closed in it, told apart by dbt_change_type. #}
{% macro snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {{- adapter.dispatch('snapshot_staging_table', 'dbt')(strategy, source_sql, target_relation) -}}
{%- endmacro %}

{% macro default__snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {%- set columns = upriver__snapshot_columns() -%}
  {%- set key = strategy.unique_key -%}
  {%- set is_recording = strategy.hard_deletes == 'new_record' -%}
  {#- A strategy of a package may still say it the older way. -#}
  {%- set is_closing = is_recording or strategy.hard_deletes == 'invalidate'
      or strategy.invalidate_hard_deletes -%}
  {%- set was_deleted = 'snapshotted_data.' ~ columns.dbt_is_deleted ~ " = 'True'" -%}
  {%- set is_open = config.get('dbt_valid_to_current') -%}
  {%- set now = snapshot_get_time() -%}
  with snapshot_query as (
    {{ source_sql }}
  ),
  snapshotted_data as (
    select *,
      {{ unique_key_fields(key) }}
    from {{ target_relation }}
    where
      {%- if is_open %}
      ( {{ equals(columns.dbt_valid_to, is_open) }} or {{ columns.dbt_valid_to }} is null )
      {%- else %}
      {{ columns.dbt_valid_to }} is null
      {%- endif %}
  ),
  insertions_source_data as (
    select *,
      {{ unique_key_fields(key) }},
      {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
      {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
      {{ get_dbt_valid_to_current(strategy, columns) }},
      {{ strategy.scd_id }} as {{ columns.dbt_scd_id }}
    from snapshot_query
  ),
  updates_source_data as (
    select *,
      {{ unique_key_fields(key) }},
      {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
      {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
      {{ strategy.updated_at }} as {{ columns.dbt_valid_to }}
    from snapshot_query
  ),
  {%- if is_closing %}
  deletes_source_data as (
    select *,
      {{ unique_key_fields(key) }}
    from snapshot_query
  ),
  {%- endif %}
  insertions as (
    select
      'insert' as dbt_change_type,
      source_data.*
      {%- if is_recording %},'False' as {{ columns.dbt_is_deleted }}{% endif %}
    from insertions_source_data as source_data
    left outer join snapshotted_data
      on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
    where {{ unique_key_is_null(key, 'snapshotted_data') }}
      or ({{ unique_key_is_not_null(key, 'snapshotted_data') }} and (
        {{ strategy.row_changed }}
        {%- if is_recording %}or {{ was_deleted }}{% endif %}
      )
    )
  ),
  updates as (
    select
      'update' as dbt_change_type,
      source_data.*,
      snapshotted_data.{{ columns.dbt_scd_id }}
      {%- if is_recording %}, snapshotted_data.{{ columns.dbt_is_deleted }}{% endif %}
    from updates_source_data as source_data
    join snapshotted_data
      on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
    where (
      {{ strategy.row_changed }}
      {%- if is_recording %}or {{ was_deleted }}{% endif %}
    )
  )
  {%- if is_closing %}
  ,
  deletes as (
    select
      'delete' as dbt_change_type,
      source_data.*,
      {{ now }} as {{ columns.dbt_valid_from }},
      {{ now }} as {{ columns.dbt_updated_at }},
      {{ now }} as {{ columns.dbt_valid_to }},
      snapshotted_data.{{ columns.dbt_scd_id }}
      {%- if is_recording %}, snapshotted_data.{{ columns.dbt_is_deleted }}{% endif %}
    from snapshotted_data
    left join deletes_source_data as source_data
      on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
    where {{ unique_key_is_null(key, 'source_data') }}
      {%- if is_recording %}
      and not (
        {{ upriver__is_recorded_deletion(columns, is_open) }}
      )
      {%- endif %}
  )
  {%- endif %}
  {%- if is_recording %}
  ,
  deletion_records as (
    select
      'insert' as dbt_change_type,
      {%- for column in upriver__snapshot_source_columns(source_sql, target_relation) -%}
        {{ column }},
      {%- endfor -%}
      {%- if key is string -%}
      snapshotted_data.dbt_unique_key as dbt_unique_key,
      {%- else -%}
      {%- for part in key -%}
      snapshotted_data.dbt_unique_key_{{ loop.index }} as dbt_unique_key_{{ loop.index }},
      {%- endfor -%}
      {%- endif %}
      {{ now }} as {{ columns.dbt_valid_from }},
      {{ now }} as {{ columns.dbt_updated_at }},
      snapshotted_data.{{ columns.dbt_valid_to }} as {{ columns.dbt_valid_to }},
      {{ snapshot_hash_arguments([columns.dbt_scd_id, now]) }} as {{ columns.dbt_scd_id }},
      'True' as {{ columns.dbt_is_deleted }}
    from snapshotted_data
    left join deletes_source_data as source_data
      on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
    where {{ unique_key_is_null(key, 'source_data') }}
    and not (
      {{ upriver__is_recorded_deletion(columns, is_open) }}
    )
  )
  {%- endif %}
  select * from insertions
  union all
  select * from updates
  {%- if is_closing %}
  union all
  select * from deletes
  {%- endif %}
  {%- if is_recording %}
  union all
  select * from deletion_records
  {%- endif %}
{%- endmacro %}


{# The deletion of the row is the last thing known about it already. #}
{% macro upriver__is_recorded_deletion(columns, valid_to_current) -%}
  {%- set valid_to = 'snapshotted_data.' ~ columns.dbt_valid_to -%}
  snapshotted_data.{{ columns.dbt_is_deleted }} = 'True'
        and
        {% if valid_to_current -%}
        ({{ equals(valid_to, valid_to_current) }} or {{ valid_to }} is null)
        {%- else -%}
        {{ valid_to }} is null
        {%- endif -%}
{%- endmacro %}


{# The columns of the snapshot query as the snapshot has them; null where it does not yet. #}
{% macro upriver__snapshot_source_columns(source_sql, target_relation) -%}
  {%- set existing = get_list_of_column_names(get_columns_in_relation(target_relation)) -%}
  {%- set expressions = [] -%}
  {%- for name in get_columns_in_query(source_sql) -%}
    {%- set quoted = adapter.quote(name) -%}
    {%- do expressions.append(
      'snapshotted_data.' ~ quoted if name in existing else 'null as ' ~ quoted) -%}
  {%- endfor -%}
  {%- do return(expressions) -%}
{%- endmacro %}


{# Put the above into a temporary table. #}
{% macro build_snapshot_staging_table(strategy, sql, target_relation) -%}
  {%- set temp_relation = make_temp_relation(target_relation) -%}
  {%- set select = snapshot_staging_table(strategy, sql, target_relation) -%}
  {%- call statement('build_snapshot_staging_relation') -%}
    {{ create_table_as(True, temp_relation, select) }}
  {%- endcall -%}
  {%- do return(temp_relation) -%}
{%- endmacro %}


{# Close the versions that ended and insert the ones that began. #}
{% macro snapshot_merge_sql(target, source, insert_cols) -%}
  {{- adapter.dispatch('snapshot_merge_sql', 'dbt')(target, source, insert_cols) -}}
{%- endmacro %}

{% macro default__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set columns = upriver__snapshot_columns() -%}
  {%- set valid_to = 'DBT_INTERNAL_DEST.' ~ columns.dbt_valid_to -%}
  {%- set inserted = insert_cols | join(', ') -%}
  merge into {{ target.render() }} as DBT_INTERNAL_DEST
  using {{ source }} as DBT_INTERNAL_SOURCE
  on DBT_INTERNAL_SOURCE.{{ columns.dbt_scd_id }} = DBT_INTERNAL_DEST.{{ columns.dbt_scd_id }}

  when matched
    {%- if config.get('dbt_valid_to_current') %}
    and ({{ equals(valid_to, config.get('dbt_valid_to_current')) }} or {{ valid_to }} is null)
    {%- else %}
    and {{ valid_to }} is null
    {%- endif %}
    and DBT_INTERNAL_SOURCE.dbt_change_type in ('update', 'delete')
    then update
    set {{ columns.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ columns.dbt_valid_to }}

  when not matched
    and DBT_INTERNAL_SOURCE.dbt_change_type = 'insert'
    then insert ({{ inserted }})
    values ({{ inserted }})
{%- endmacro %}


{# Steps #}

{% macro create_columns(relation, columns) -%}
  {%- do return(adapter.dispatch('create_columns', 'dbt')(relation, columns)) -%}
{%- endmacro %}

{% macro default__create_columns(relation, columns) -%}
  {%- for column in columns -%}
    {%- call statement() -%}
      alter table {{ relation.render() }} add column {{ adapter.quote(column.name) }} {{ column.expanded_data_type }};
    {%- endcall -%}
  {%- endfor -%}
{%- endmacro %}


{# Clean up after the commit. #}
{% macro post_snapshot(staging_relation) -%}
  {%- do return(adapter.dispatch('post_snapshot', 'dbt')(staging_relation)) -%}
{%- endmacro %}

{% macro default__post_snapshot(staging_relation) -%}{%- endmacro %}


{# Warn when the times of the source and the times the snapshot writes itself are of two types. #}
{% macro check_time_data_types(sql) -%}
  {%- set source_type = get_updated_at_column_data_type(sql) -%}
  {%- set own_type = get_snapshot_get_time_data_type() -%}
  {%- if source_type is not none and own_type is not none and source_type != own_type -%}
    {%- do exceptions.warn_snapshot_timestamp_data_types(own_type, source_type) -%}
  {%- endif -%}
{%- endmacro %}


{% macro get_updated_at_column_data_type(snapshot_sql) -%}
  {%- set name = upriver__snapshot_columns().dbt_updated_at -%}
  {%- for column in get_column_schema_from_query(snapshot_sql)
      if column.column | lower == name | lower -%}
    {%- do return(column.dtype) -%}
  {%- endfor -%}
  {%- do return(none) -%}
{%- endmacro %}
