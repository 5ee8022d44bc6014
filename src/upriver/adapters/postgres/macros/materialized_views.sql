{# Materialized views on PostgreSQL. Of their configuration only the indexes can be changed. #}

{% macro postgres__get_create_materialized_view_as_sql(relation, sql) -%}
  create materialized view if not exists {{ relation }} as
  {{ sql }};
  {% for index in config.get('indexes', default=[]) or [] -%}
    {{ get_create_index_sql(relation, index) }}{{ ';' if not loop.last }}
  {% endfor -%}
{%- endmacro %}


{% macro postgres__drop_materialized_view(relation) -%}
  drop materialized view if exists {{ relation.render() }} cascade
{%- endmacro %}

{% macro postgres__get_rename_materialized_view_sql(relation, new_name) -%}
  alter materialized view {{ relation.render() }} rename to {{ new_name }}
{%- endmacro %}

{% macro postgres__refresh_materialized_view(relation) -%}
  refresh materialized view {{ relation.render() }}
{%- endmacro %}


{% macro postgres__describe_materialized_view(relation) -%}
  {%- do return({'indexes': run_query(get_show_indexes_sql(relation))}) -%}
{%- endmacro %}


{# Indexes to drop, by name, and indexes to create; or none. #}
{% macro postgres__get_materialized_view_configuration_changes(existing_relation, new_config) -%}
  {%- set existing = {} -%}
  {%- for row in postgres__describe_materialized_view(existing_relation)['indexes'].rows -%}
    {%- do existing.update({
      upriver__index_meaning(row['column_names'].split(','), row['unique'], row['method']):
        row['name']}) -%}
  {%- endfor -%}
  {%- set wanted = {} -%}
  {%- for index in new_config.get('indexes', default=[]) or [] -%}
    {%- set columns = [index['columns']] if index['columns'] is string else index['columns'] -%}
    {%- do wanted.update({
      upriver__index_meaning(columns, index.get('unique', False), index.get('type') or 'btree'):
        index}) -%}
  {%- endfor -%}
  {%- set drops, creates = [], [] -%}
  {%- for meaning, name in existing.items() if meaning not in wanted -%}
    {%- do drops.append(name) -%}
  {%- endfor -%}
  {%- for meaning, index in wanted.items() if meaning not in existing -%}
    {%- do creates.append(index) -%}
  {%- endfor -%}
  {%- do return(
    {'requires_full_refresh': False, 'drops': drops, 'creates': creates}
    if drops or creates else none) -%}
{%- endmacro %}

{# Two indexes that do the same have the same meaning, whatever their names. #}
{% macro upriver__index_meaning(columns, is_unique, method) -%}
  {{- (columns | map('lower') | sort | join(',')) ~ '|' ~ ('unique' if is_unique else 'plain') ~ '|'
      ~ (method | lower) -}}
{%- endmacro %}


{% macro postgres__get_alter_materialized_view_as_sql(
  relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation
) -%}
  {%- if configuration_changes['requires_full_refresh'] -%}
    {{- get_replace_sql(existing_relation, relation, sql) -}}
  {%- else -%}
    {{- postgres__update_indexes_on_materialized_view(relation, configuration_changes) -}}
  {%- endif -%}
{%- endmacro %}


{% macro postgres__update_indexes_on_materialized_view(relation, index_changes) -%}
  {%- for name in index_changes['drops'] -%}
    {{ postgres__get_drop_index_sql(relation, name) }};
  {% endfor -%}
  {%- for index in index_changes['creates'] -%}
    {{ postgres__get_create_index_sql(relation, index) }};
  {% endfor -%}
{%- endmacro %}
