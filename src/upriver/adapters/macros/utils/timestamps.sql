{# Now, in the spellings macros ask for (JINJA-147). #}

{% macro current_timestamp() -%}
  {{- adapter.dispatch('current_timestamp', 'dbt')() -}}
{%- endmacro %}

{% macro default__current_timestamp() -%}
  {%- do upriver__not_implemented('current_timestamp') -%}
{%- endmacro %}


{# The moment a snapshot is taken. #}
{% macro snapshot_get_time() -%}
  {{- adapter.dispatch('snapshot_get_time', 'dbt')() -}}
{%- endmacro %}

{% macro default__snapshot_get_time() -%}
  {{- current_timestamp() -}}
{%- endmacro %}


{% macro get_snapshot_get_time_data_type() -%}
  {%- set columns = get_column_schema_from_query(
    'select ' ~ snapshot_get_time() ~ ' as dbt_snapshot_time') -%}
  {%- do return((columns | first).dtype) -%}
{%- endmacro %}


{% macro current_timestamp_backcompat() -%}
  {{- adapter.dispatch('current_timestamp_backcompat', 'dbt')() -}}
{%- endmacro %}

{% macro default__current_timestamp_backcompat() -%}
  current_timestamp::timestamp
{%- endmacro %}


{% macro current_timestamp_in_utc_backcompat() -%}
  {{- adapter.dispatch('current_timestamp_in_utc_backcompat', 'dbt')() -}}
{%- endmacro %}

{% macro default__current_timestamp_in_utc_backcompat() -%}
  {{- current_timestamp_backcompat() -}}
{%- endmacro %}
