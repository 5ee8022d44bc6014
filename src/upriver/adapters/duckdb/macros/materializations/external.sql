{# A file that DuckDB writes, and a view that reads it (ADPT-142). #}

{% materialization external, adapter='duckdb', supported_languages=['sql', 'python'] -%}
  {%- if config.get('plugin') or config.get('glue_register') -%}
    {%- do exceptions.raise_not_implemented(
      'external models are written to files; `plugin` and `glue_register` are not supported') -%}
  {%- endif -%}
  {%- set language = model['language'] -%}
  {%- set location = render(config.get('location') or external_location(this, config)) | trim -%}
  {%- set format = upriver__external_format(location, config) -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='view') -%}
  {%- set table_relation = make_intermediate_relation(
    this.incorporate(type='table'), suffix='__dbt_tmp') -%}
  {%- set view_relation = make_intermediate_relation(target_relation, suffix='__dbt_int') -%}
  {%- set backup_relation = make_backup_relation(
    target_relation, existing_relation.type if existing_relation is not none else 'view') -%}
  {%- for leftover in [table_relation, view_relation, backup_relation] -%}
    {%- do drop_relation_if_exists(load_cached_relation(leftover)) -%}
  {%- endfor -%}

  {{- run_hooks(pre_hooks, inside_transaction=False) -}}
  {{- run_hooks(pre_hooks, inside_transaction=True) -}}

  {#- First a table: a query that fails halfway must not have begun to overwrite the file. -#}
  {%- call statement('create_table', language=language) -%}
    {{ create_table_as(False, table_relation, compiled_code, language) }}
  {%- endcall -%}
  {%- call statement('main') -%}
    {{ write_to_file(table_relation, location, render_write_options(config)) }}
  {%- endcall -%}
  {%- call statement('create_view') -%}
    create or replace view {{ view_relation }} as (
      {{ upriver__external_select(location, format, config) }}
    );
  {%- endcall -%}

  {%- if existing_relation is not none -%}
    {%- do release_relation(existing_relation) if existing_relation.is_table -%}
    {%- do adapter.rename_relation(existing_relation, backup_relation) -%}
  {%- endif -%}
  {%- do adapter.rename_relation(view_relation, target_relation) -%}
  {{- run_hooks(post_hooks, inside_transaction=True) -}}
  {%- do persist_docs(target_relation, model) -%}
  {%- do adapter.commit() -%}
  {%- do drop_relation_if_exists(backup_relation if existing_relation is not none else none) -%}
  {%- do drop_relation_if_exists(table_relation) -%}
  {{- run_hooks(post_hooks, inside_transaction=False) -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}


{# `<external_root>/<name>.<format>`, a directory where the file is partitioned. #}
{% macro external_location(relation, config) -%}
  {%- set root = target.external_root or '.' -%}
  {%- if (config.get('options') or {}).get('partition_by') -%}
    {{- root ~ '/' ~ relation.identifier -}}
  {%- else -%}
    {{- root ~ '/' ~ relation.identifier ~ '.' ~ (config.get('format') or 'parquet') -}}
  {%- endif -%}
{%- endmacro %}


{% macro upriver__external_format(location, config) -%}
  {%- set ending = location.rsplit('.', 1)[1] if '.' in location.rsplit('/', 1)[-1] else '' -%}
  {%- set format = config.get('format') or ending or 'parquet' -%}
  {%- if format not in ['parquet', 'csv', 'json'] -%}
    {%- do exceptions.raise_compiler_error(
      "An external model is written as parquet, csv or json, not as '" ~ format ~ "'") -%}
  {%- endif -%}
  {%- do return(format) -%}
{%- endmacro %}


{# The options of `copy ... to`, from `options`, `format` and `delimiter`. #}
{% macro render_write_options(config) -%}
  {%- set options = dict(config.get('options') or {}) -%}
  {%- for key, value in options.items() -%}
    {%- do options.update({key: render(value) if value is string else value}) -%}
  {%- endfor -%}
  {%- if 'format' not in options and 'FORMAT' not in options -%}
    {%- set location = render(config.get('location') or external_location(this, config)) | trim -%}
    {%- do options.update({'format': upriver__external_format(location, config)}) -%}
  {%- endif -%}
  {%- if config.get('delimiter') -%}
    {%- do options.update({'delimiter': "'" ~ config.get('delimiter') ~ "'"}) -%}
  {%- endif -%}
  {%- do return(options) -%}
{%- endmacro %}


{% macro write_to_file(relation, location, options) -%}
  {%- set rendered = [] -%}
  {%- for key, value in options.items() -%}
    {%- do rendered.append(
      key ~ ' ' ~ ('(' ~ (value | join(', ')) ~ ')'
        if value is sequence and value is not string else value)) -%}
  {%- endfor -%}
  copy {{ relation }} to '{{ escape_single_quotes(location) }}' ({{ rendered | join(', ') }})
{%- endmacro %}


{# A query over what was written, also where it is a directory of partitions. #}
{% macro upriver__external_select(location, format, config) -%}
  {%- set given = config.get(format ~ '_read_options') or {'union_by_name': False} -%}
  {%- set arguments = [] -%}
  {%- for key, value in given.items() -%}
    {%- do arguments.append(key ~ '=' ~ value) -%}
  {%- endfor -%}
  {%- set is_partitioned = (config.get('options') or {}).get('partition_by') -%}
  {%- set path = location ~ ('/*' * (1 + (is_partitioned.split(',') if is_partitioned is string
      else is_partitioned) | length) ~ '.' ~ format if is_partitioned else '') -%}
  select * from read_{{ format }}{{ '_auto' if format != 'parquet' }}('{{
    escape_single_quotes(path) }}', {{ arguments | join(', ') }})
{%- endmacro %}


{# For `on-run-start`: the views of external models that this run reads but does not build. #}
{% macro register_upstream_external_models() -%}
  {%- if execute -%}
    {%- set seen = [] -%}
    {%- for id in selected_resources if id in graph.nodes -%}
      {%- for parent in graph.nodes[id].depends_on.nodes
          if parent in graph.nodes and parent not in selected_resources and parent not in seen -%}
        {%- do seen.append(parent) -%}
        {%- set node = graph.nodes[parent] -%}
        {%- if node.config.materialized == 'external' -%}
          {%- set relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias, type='view') -%}
          {%- set location = render(
            node.config.get('location') or external_location(relation, node.config)) | trim -%}
          {%- call statement('register_external', auto_begin=False) -%}
            create schema if not exists {{ relation.without_identifier() }};
            create or replace view {{ relation }} as (
              {{ upriver__external_select(
                location, upriver__external_format(location, node.config), node.config) }}
            );
          {%- endcall -%}
        {%- endif -%}
      {%- endfor -%}
    {%- endfor -%}
    {%- do adapter.commit() -%}
  {%- endif -%}
{%- endmacro %}
