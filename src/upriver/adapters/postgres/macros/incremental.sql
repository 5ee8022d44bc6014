{# Strategies on PostgreSQL (ADPT-120). #}

{% macro postgres__get_incremental_default_sql(arg_dict) -%}
  {%- if arg_dict['unique_key'] -%}
    {%- do return(get_incremental_delete_insert_sql(arg_dict)) -%}
  {%- endif -%}
  {%- do return(get_incremental_append_sql(arg_dict)) -%}
{%- endmacro %}


{# A batch is merged by key: its rows may already be there. #}
{% macro postgres__get_incremental_microbatch_sql(arg_dict) -%}
  {%- if not arg_dict['unique_key'] -%}
    {%- do exceptions.raise_compiler_error(
      'The microbatch strategy merges on PostgreSQL and needs a `unique_key`') -%}
  {%- endif -%}
  {%- do return(get_incremental_merge_sql(arg_dict)) -%}
{%- endmacro %}


{# Two statements, which every version of PostgreSQL has. #}
{% macro postgres__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set columns = upriver__snapshot_columns() -%}
  {%- set valid_to = target.render() ~ '.' ~ columns.dbt_valid_to -%}
  {%- set valid_to_current = config.get('dbt_valid_to_current') -%}
  update {{ target }}
  set {{ columns.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ columns.dbt_valid_to }}
  from {{ source }} as DBT_INTERNAL_SOURCE
  where DBT_INTERNAL_SOURCE.{{ columns.dbt_scd_id }}::text = {{ target }}.{{ columns.dbt_scd_id }}::text
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


{% macro postgres__post_snapshot(staging_relation) -%}
  {%- do adapter.drop_relation(staging_relation) -%}
{%- endmacro %}
