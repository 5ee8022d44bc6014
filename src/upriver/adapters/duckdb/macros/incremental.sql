{# Incremental strategies on DuckDB (ADPT-122). #}

{% macro duckdb__get_incremental_default_sql(arg_dict) -%}
  {%- do return(get_incremental_delete_insert_sql(arg_dict)) -%}
{%- endmacro %}


{% macro duckdb__get_delete_insert_merge_sql(
  target, source, unique_key, dest_columns, incremental_predicates
) -%}
  {%- set predicates = normalize_incremental_predicates(incremental_predicates) -%}
  {%- if unique_key is string and unique_key -%}
    delete from {{ target }}
    where (
      {{ unique_key }}) in (
      select ({{ unique_key }})
      from {{ source }}
    )
    {%- for predicate in predicates %}
      and {{ predicate }}
    {%- endfor %};
  {% elif unique_key -%}
    delete from {{ target }} as DBT_INCREMENTAL_TARGET
    using {{ source }}
    where (
      {%- for key in unique_key %}
      {{ source }}.{{ key }} = DBT_INCREMENTAL_TARGET.{{ key }}
      {%- if not loop.last %} and {% endif %}
      {%- endfor -%}
      {%- for predicate in predicates %}
      and {{ predicate }}
      {%- endfor %}
    );
  {% endif %}
  {{- get_insert_into_sql(target, source, dest_columns) }}
{%- endmacro %}


{# A batch is replaced as a whole; keys have no part in it. #}
{% macro duckdb__get_incremental_microbatch_sql(arg_dict) -%}
  {%- if arg_dict['unique_key'] -%}
    {%- do exceptions.raise_compiler_error(
      "The microbatch strategy replaces whole batches by `event_time` and cannot use `unique_key`; "
      ~ "remove it, or use incremental_strategy='merge'") -%}
  {%- endif -%}
  {%- set target, source = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
  {%- set event_time = config.get('event_time') -%}
  {%- set start = model.config['__dbt_internal_microbatch_event_time_start'] -%}
  {%- set end = model.config['__dbt_internal_microbatch_event_time_end'] -%}
  {%- set window -%}
    where {{ event_time }} >= '{{ start }}'
    and {{ event_time }} < '{{ end }}'
  {%- endset -%}
  {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
  delete from {{ target }}
  {{ window }}
  {%- for predicate in normalize_incremental_predicates(arg_dict['incremental_predicates']) %}
    and {{ predicate }}
  {%- endfor %};
  insert into {{ target }} ({{ columns }})
  select {{ columns }}
  from {{ source }}
  {{ window }};
{%- endmacro %}


{% macro normalize_incremental_predicates(incremental_predicates) -%}
  {%- do return(normalize_string_or_list(incremental_predicates, 'incremental_predicates')) -%}
{%- endmacro %}


{# Nothing, one text or a list of texts, as a list. #}
{% macro normalize_string_or_list(raw, field_name) -%}
  {%- if raw is none or raw is undefined -%}
    {%- do return([]) -%}
  {%- elif raw is string -%}
    {%- do return([raw]) -%}
  {%- elif raw is sequence and raw is not mapping -%}
    {%- do return(raw | list) -%}
  {%- endif -%}
  {%- do exceptions.raise_compiler_error(
    '`' ~ field_name ~ '` is one text or a list of texts, not ' ~ raw) -%}
{%- endmacro %}


{# Merge: by default everything that matches is updated and everything else inserted, by column
   name. Configs narrow that down one by one, or `merge_clauses` says every clause itself. #}

{% macro duckdb__get_incremental_merge_sql(args_dict) -%}
  {%- do return(duckdb__get_merge_sql(
    args_dict['target_relation'], args_dict['temp_relation'], args_dict['unique_key'],
    args_dict['dest_columns'], args_dict['incremental_predicates'])) -%}
{%- endmacro %}


{% macro duckdb__get_merge_sql(
  target, source, unique_key, dest_columns, incremental_predicates=none
) -%}
  {%- do validate_merge_config(config, target) -%}
  {%- set clauses = config.get('merge_clauses') or upriver__default_merge_clauses() -%}
  {{- config.get('sql_header') or '' }}
  MERGE INTO {{ target }} AS DBT_INTERNAL_DEST
    USING {{ source }} AS DBT_INTERNAL_SOURCE
    {{ duckdb__merge_join_clause(
      unique_key, config.get('merge_on_using_columns') or [], incremental_predicates) }}
  {%- for kind, words in [
      ('when_matched', 'WHEN MATCHED'),
      ('when_not_matched', 'WHEN NOT MATCHED'),
      ('when_not_matched_by_target', 'WHEN NOT MATCHED BY TARGET'),
      ('when_not_matched_by_source', 'WHEN NOT MATCHED BY SOURCE'),
    ] -%}
    {%- for clause in clauses.get(kind) or [] %}
  {{ words }}{% if clause.get('condition') %} AND {{ clause['condition'] }}{% endif %}
  THEN
      {{ upriver__merge_action(clause, dest_columns) }}
    {%- endfor -%}
  {%- endfor -%}
  {%- set returning = config.get('merge_returning_columns') -%}
  {%- if returning %}
  RETURNING {{ returning if returning is string else returning | join(', ') }}
  {%- endif -%}
{%- endmacro %}


{% macro duckdb__merge_join_clause(unique_key, merge_on_using_columns, incremental_predicates) -%}
  {%- set conditions = [] -%}
  {%- for key in normalize_string_or_list(unique_key, 'unique_key') -%}
    {%- do conditions.append('(DBT_INTERNAL_SOURCE.' ~ key ~ ' = DBT_INTERNAL_DEST.' ~ key ~ ')') -%}
  {%- endfor -%}
  {%- for predicate in normalize_incremental_predicates(incremental_predicates) -%}
    {%- do conditions.append('(' ~ predicate ~ ')') -%}
  {%- endfor -%}
  {%- if merge_on_using_columns -%}
    USING ({{ merge_on_using_columns | join(', ') }})
  {%- elif unique_key -%}
    ON {{ conditions | join(' AND ') }}
  {%- else -%}
    ON (FALSE)
  {%- endif -%}
{%- endmacro %}


{# The clauses that the single configs amount to. #}
{% macro upriver__default_merge_clauses() -%}
  {%- set include = config.get('merge_update_columns') or [] -%}
  {%- set exclude = config.get('merge_exclude_columns') or [] -%}
  {%- set expressions = config.get('merge_update_set_expressions') or {} -%}
  {%- do return({
    'when_matched': [{
      'action': 'update',
      'mode': 'explicit' if include or exclude or expressions else 'by_name',
      'condition': config.get('merge_update_condition'),
      'update': {'include': include, 'exclude': exclude, 'set_expressions': expressions},
    }],
    'when_not_matched': [{
      'action': 'insert',
      'condition': config.get('merge_insert_condition'),
    }],
  }) -%}
{%- endmacro %}


{% macro upriver__merge_action(clause, dest_columns) -%}
  {%- set action = clause['action'] | lower -%}
  {%- set mode = (clause.get('mode') or 'by_name') | lower -%}
  {%- set suffix = {'by_name': ' BY NAME', 'by_position': ' BY POSITION', 'star': ' *'}[mode] -%}
  {%- if action == 'update' and mode == 'explicit' -%}
    {%- set update = clause.get('update') or {} -%}
    {%- set expressions = update.get('set_expressions') or {} -%}
    {%- set assignments = [] -%}
    {%- for column, expression in expressions.items() -%}
      {%- do assignments.append(column ~ ' = ' ~ expression) -%}
    {%- endfor -%}
    {%- set given = expressions.keys() | map('lower') | list -%}
    {%- for column in get_merge_update_columns(
        update.get('include'), update.get('exclude'), dest_columns)
        if column | lower | replace('"', '') not in given -%}
      {%- do assignments.append(column ~ ' = DBT_INTERNAL_SOURCE.' ~ column) -%}
    {%- endfor -%}
    UPDATE SET
      {{ assignments | join(', ') }}
  {%- elif action == 'update' -%}
    UPDATE{{ ' SET *' if mode == 'star' else suffix }}
  {%- elif action == 'insert' and mode == 'explicit' -%}
    {%- set columns = clause['insert']['columns'] -%}
    {%- set values = clause['insert'].get('values') -%}
    INSERT ({{ columns | join(', ') }}) VALUES ({{ values | join(', ') if values
      else 'DBT_INTERNAL_SOURCE.' ~ (columns | join(', DBT_INTERNAL_SOURCE.')) }})
  {%- elif action == 'insert' -%}
    INSERT{{ suffix }}
  {%- elif action == 'delete' -%}
    DELETE
  {%- elif action == 'do_nothing' -%}
    DO NOTHING
  {%- elif action == 'error' -%}
    ERROR{% if clause.get('error_message') %} '{{ escape_single_quotes(clause['error_message']) }}'{% endif %}
  {%- endif -%}
{%- endmacro %}


{# Collect every mistake in the merge configs, then raise once. #}
{% macro validate_merge_config(config, target_relation=none) -%}
  {%- set errors = [] -%}
  {%- for name in ['merge_update_condition', 'merge_insert_condition'] -%}
    {%- if config.get(name) is not none and config.get(name) is not string -%}
      {%- do errors.append('`' ~ name ~ '` is a text') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- for name in ['merge_update_columns', 'merge_exclude_columns', 'merge_on_using_columns'] -%}
    {%- set value = config.get(name) -%}
    {%- if value is not none and (value is string or value is mapping or value is not sequence) -%}
      {%- do errors.append('`' ~ name ~ '` is a list of columns') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if config.get('merge_update_set_expressions') is not none
      and config.get('merge_update_set_expressions') is not mapping -%}
    {%- do errors.append('`merge_update_set_expressions` maps columns to expressions') -%}
  {%- endif -%}
  {%- if config.get('merge_update_columns') and config.get('merge_exclude_columns') -%}
    {%- do errors.append('`merge_update_columns` and `merge_exclude_columns` exclude each other') -%}
  {%- endif -%}
  {%- set clauses = config.get('merge_clauses') -%}
  {%- if clauses is not none and clauses is not mapping -%}
    {%- do errors.append('`merge_clauses` maps `when_matched` and `when_not_matched` to lists') -%}
  {%- elif clauses -%}
    {%- for kind, list in clauses.items() -%}
      {%- do upriver__check_merge_clauses(kind, list, errors) -%}
    {%- endfor -%}
  {%- endif -%}
  {%- if errors -%}
    {%- do exceptions.raise_compiler_error(
      'The merge configuration is not valid:\n- ' ~ (errors | join('\n- '))) -%}
  {%- endif -%}
{%- endmacro %}

{% macro upriver__check_merge_clauses(kind, clauses, errors) -%}
  {%- set actions = {
    'when_matched': ['update', 'delete', 'do_nothing', 'error'],
    'when_not_matched': ['insert', 'do_nothing', 'error'],
    'when_not_matched_by_target': ['insert', 'do_nothing', 'error'],
    'when_not_matched_by_source': ['update', 'delete', 'do_nothing', 'error'],
  } -%}
  {%- if kind not in actions -%}
    {%- do errors.append('`merge_clauses` has no `' ~ kind ~ '`') -%}
  {%- elif clauses is string or clauses is mapping or clauses is not sequence -%}
    {%- do errors.append('`merge_clauses.' ~ kind ~ '` is a list of clauses') -%}
  {%- else -%}
    {%- for clause in clauses -%}
      {%- set place = '`merge_clauses.' ~ kind ~ '[' ~ loop.index0 ~ ']`' -%}
      {%- if clause.get('action') not in actions[kind] -%}
        {%- do errors.append(
          place ~ ' has the action ' ~ clause.get('action') ~ ', not one of '
          ~ (actions[kind] | join(', '))) -%}
      {%- endif -%}
      {%- if (clause.get('mode') or 'by_name') not in ['by_name', 'by_position', 'star', 'explicit'] -%}
        {%- do errors.append(
          place ~ ' has the mode ' ~ clause['mode']
          ~ ', not one of by_name, by_position, star, explicit') -%}
      {%- elif clause.get('mode') == 'explicit' and clause.get('action') == 'insert'
          and not (clause.get('insert') or {}).get('columns') -%}
        {%- do errors.append(place ~ ' inserts explicitly and names no `insert.columns`') -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}


{% macro duckdb__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set columns = upriver__snapshot_columns() -%}
  {%- set valid_to = 'DBT_INTERNAL_TARGET.' ~ columns.dbt_valid_to -%}
  {%- set valid_to_current = config.get('dbt_valid_to_current') -%}
  update {{ target }} as DBT_INTERNAL_TARGET
  set {{ columns.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ columns.dbt_valid_to }}
  from {{ source }} as DBT_INTERNAL_SOURCE
  where DBT_INTERNAL_SOURCE.{{ columns.dbt_scd_id }}::text = DBT_INTERNAL_TARGET.{{ columns.dbt_scd_id }}::text
    and DBT_INTERNAL_SOURCE.dbt_change_type::text in ('update'::text, 'delete'::text)
    {%- if valid_to_current %}
    and ({{ valid_to }} = {{ valid_to_current }} or {{ valid_to }} is null);
    {%- else %}
    and {{ valid_to }} is null;
    {%- endif %}

  insert into {{ target }} ({{ insert_cols | join(', ') }})
  select {% for column in insert_cols -%}
    DBT_INTERNAL_SOURCE.{{ column }}{{ ',' if not loop.last }}
  {%- endfor %}
  from {{ source }} as DBT_INTERNAL_SOURCE
  where DBT_INTERNAL_SOURCE.dbt_change_type::text = 'insert'::text;
{%- endmacro %}


{% macro duckdb__post_snapshot(temporary_relation) -%}
  {%- do adapter.drop_relation(temporary_relation) -%}
{%- endmacro %}
