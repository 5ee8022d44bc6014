{# What flags and configs mean together. #}

{# `{% call set_sql_header(config) %}...{% endcall %}` in a model's body. #}
{% macro set_sql_header(config) -%}
  {%- do config.set('sql_header', caller()) -%}
{%- endmacro %}


{# The config decides both ways; the flag decides where the config is silent (PROJ-98). #}
{% macro should_full_refresh() -%}
  {%- set configured = config.get('full_refresh') -%}
  {%- do return(flags.FULL_REFRESH if configured is none else configured) -%}
{%- endmacro %}


{# PROJ-120, PROJ-121: where it is said how to store them, that decides. #}
{% macro should_store_failures() -%}
  {%- set stored_as = config.get('store_failures_as') -%}
  {%- if stored_as is not none -%}
    {%- do return(stored_as | lower != 'ephemeral') -%}
  {%- endif -%}
  {%- set configured = config.get('store_failures') -%}
  {%- do return(flags.STORE_FAILURES if configured is none else configured) -%}
{%- endmacro %}


{# PROJ-234 #}
{% macro is_incremental() -%}
  {%- if not execute -%}
    {%- do return(False) -%}
  {%- endif -%}
  {%- if model.config.materialized != 'incremental' or should_full_refresh() -%}
    {%- do return(False) -%}
  {%- endif -%}
  {%- set existing = adapter.get_relation(this.database, this.schema, this.table) -%}
  {%- do return(existing is not none and existing.type == 'table') -%}
{%- endmacro %}


{# Macros that ask which engine they run on. #}
{% macro is_core_v2() -%}
  {%- do return(False) -%}
{%- endmacro %}
