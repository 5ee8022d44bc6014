{# Indexes from the `indexes` config. #}

{% macro create_indexes(relation) -%}
  {%- do return(adapter.dispatch('create_indexes', 'dbt')(relation)) -%}
{%- endmacro %}

{% macro default__create_indexes(relation) -%}
  {%- for index in config.get('indexes', default=[]) or [] -%}
    {%- set sql = get_create_index_sql(relation, index) -%}
    {%- if sql -%}
      {%- do run_query(sql) -%}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}


{# None, or nothing, where the warehouse has no indexes. #}
{% macro get_create_index_sql(relation, index_dict) -%}
  {%- do return(adapter.dispatch('get_create_index_sql', 'dbt')(relation, index_dict)) -%}
{%- endmacro %}

{% macro default__get_create_index_sql(relation, index_dict) -%}
  {%- do return(none) -%}
{%- endmacro %}


{% macro get_drop_index_sql(relation, index_name) -%}
  {%- do return(adapter.dispatch('get_drop_index_sql', 'dbt')(relation, index_name)) -%}
{%- endmacro %}

{% macro default__get_drop_index_sql(relation, index_name) -%}
  {%- do upriver__not_implemented('get_drop_index_sql') -%}
{%- endmacro %}


{% macro get_show_indexes_sql(relation) -%}
  {%- do return(adapter.dispatch('get_show_indexes_sql', 'dbt')(relation)) -%}
{%- endmacro %}

{% macro default__get_show_indexes_sql(relation) -%}
  {%- do upriver__not_implemented('get_show_indexes_sql') -%}
{%- endmacro %}


{# An index's name: unlike any other, so that the indexes of a relation and of its replacement can
   exist at the same time. #}
{% macro upriver__index_name(relation, columns, unique, type) -%}
  {%- set parts = columns + [
    relation.render(), unique | string, type | string,
    modules.datetime.datetime.now(modules.pytz.utc).isoformat()] -%}
  {%- do return(local_md5(parts | join('_'))) -%}
{%- endmacro %}
