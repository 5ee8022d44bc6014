{# User-defined functions (JINJA-167). #}

{% materialization function, default, supported_languages=['sql', 'python', 'javascript'] -%}
  {%- set existing_relation = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type=this.Function) -%}
  {%- set wanted = (model.config.get('type') or 'scalar') ~ '_function_' ~ model.language -%}

  {{- run_hooks(pre_hooks, inside_transaction=False) -}}
  {{- run_hooks(pre_hooks, inside_transaction=True) -}}
  {%- set build = context.get(wanted) or context.get(adapter.type() ~ '__' ~ wanted) -%}
  {%- if not build -%}
    {%- do exceptions.raise_not_implemented(
      'There is no macro `' ~ wanted ~ '`: ' ~ adapter.type() ~ ' has no such functions') -%}
  {%- endif -%}
  {%- do function_execute_build_sql(
    build(target_relation), existing_relation, target_relation) -%}
  {{- run_hooks(post_hooks, inside_transaction=True) -}}
  {%- do adapter.commit() -%}
  {{- run_hooks(post_hooks, inside_transaction=False) -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}


{% macro function_execute_build_sql(build_sql, existing_relation, target_relation) -%}
  {%- do return(adapter.dispatch('function_execute_build_sql', 'dbt')(
    build_sql, existing_relation, target_relation)) -%}
{%- endmacro %}

{% macro default__function_execute_build_sql(build_sql, existing_relation, target_relation) -%}
  {%- call statement(name='main') -%}
    {{ build_sql }}
  {%- endcall -%}
  {%- do apply_grants(
    target_relation, config.get('grants'),
    should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
  {%- do persist_docs(target_relation, model) -%}
{%- endmacro %}


{# Scalar functions in SQL #}

{% macro scalar_function_sql(target_relation) -%}
  {{- adapter.dispatch('scalar_function_sql', 'dbt')(target_relation) -}}
{%- endmacro %}

{% macro default__scalar_function_sql(target_relation) -%}
  {{ scalar_function_create_replace_signature_sql(target_relation) }}
  {{ scalar_function_body_sql() }};
{%- endmacro %}


{% macro scalar_function_create_replace_signature_sql(target_relation) -%}
  {{- adapter.dispatch('scalar_function_create_replace_signature_sql', 'dbt')(target_relation) -}}
{%- endmacro %}

{% macro default__scalar_function_create_replace_signature_sql(target_relation) -%}
  CREATE OR REPLACE FUNCTION {{ target_relation.render() }} (
    {{ formatted_scalar_function_args_sql() }}
  )
  RETURNS {{ model.returns.data_type }}
  {{ scalar_function_volatility_sql() }}
  AS
{%- endmacro %}


{% macro scalar_function_body_sql() -%}
  {{- adapter.dispatch('scalar_function_body_sql', 'dbt')() -}}
{%- endmacro %}

{% macro default__scalar_function_body_sql() -%}
  $$
    {{ model.compiled_code }}
  $$ LANGUAGE SQL
{%- endmacro %}


{% macro formatted_scalar_function_args_sql() -%}
  {{- adapter.dispatch('formatted_scalar_function_args_sql', 'dbt')() -}}
{%- endmacro %}

{% macro default__formatted_scalar_function_args_sql() -%}
  {%- for argument in model.arguments or [] -%}
    {{ argument.name }} {{ argument.data_type }}
    {%- if argument.default_value is not none and argument.default_value is defined %} DEFAULT {{ argument.default_value }}{% endif %}
    {{- ', ' if not loop.last -}}
  {%- endfor -%}
{%- endmacro %}


{% macro scalar_function_volatility_sql() -%}
  {{- adapter.dispatch('scalar_function_volatility_sql', 'dbt')() -}}
{%- endmacro %}

{% macro default__scalar_function_volatility_sql() -%}
  {%- set volatility = model.config.get('volatility') -%}
  {%- if volatility == 'deterministic' -%}
    IMMUTABLE
  {%- elif volatility == 'stable' -%}
    STABLE
  {%- elif volatility == 'non-deterministic' -%}
    VOLATILE
  {%- elif volatility -%}
    {%- do unsupported_volatility_warning(volatility) -%}
  {%- endif -%}
{%- endmacro %}


{% macro unsupported_volatility_warning(volatility) -%}
  {%- do return(adapter.dispatch('unsupported_volatility_warning', 'dbt')(volatility)) -%}
{%- endmacro %}

{% macro default__unsupported_volatility_warning(volatility) -%}
  {%- do exceptions.warn(
    'Function `' ~ model.name ~ '` has the volatility `' ~ volatility ~ '`, which '
    ~ adapter.type() ~ ' does not know; it is left out') -%}
{%- endmacro %}


{# Scalar functions in JavaScript: only where an adapter builds them. #}

{% macro formatted_scalar_function_args_javascript() -%}
  {{- adapter.dispatch('formatted_scalar_function_args_javascript', 'dbt')() -}}
{%- endmacro %}

{% macro default__formatted_scalar_function_args_javascript() -%}
  {{- formatted_scalar_function_args_sql() -}}
{%- endmacro %}


{% macro scalar_function_volatility_javascript() -%}
  {{- adapter.dispatch('scalar_function_volatility_javascript', 'dbt')() -}}
{%- endmacro %}

{% macro default__scalar_function_volatility_javascript() -%}
  {{- scalar_function_volatility_sql() -}}
{%- endmacro %}


{# Aggregates: the parts of a signature, for adapters that have them. #}

{% macro get_aggregate_function_create_replace_signature(target_relation) -%}
  {{- adapter.dispatch('get_aggregate_function_create_replace_signature', 'dbt')(
    target_relation) -}}
{%- endmacro %}

{% macro default__get_aggregate_function_create_replace_signature(target_relation) -%}
  CREATE OR REPLACE AGGREGATE FUNCTION {{ target_relation.render() }} ({{
    get_formatted_aggregate_function_args() }})
  RETURNS {{ model.returns.data_type }}
  {{ get_function_language_specifier() }}
  {{ get_aggregate_function_volatility_specifier() }}
  {% if model.get('language') == 'python' %}{{ get_function_python_options() }}{% endif %}
  AS
{%- endmacro %}


{% macro get_formatted_aggregate_function_args() -%}
  {{- adapter.dispatch('get_formatted_aggregate_function_args', 'dbt')() -}}
{%- endmacro %}

{% macro default__get_formatted_aggregate_function_args() -%}
  {{- formatted_scalar_function_args_sql() -}}
{%- endmacro %}


{% macro get_function_language_specifier() -%}
  {{- adapter.dispatch('get_function_language_specifier', 'dbt')() -}}
{%- endmacro %}

{% macro default__get_function_language_specifier() -%}
  {%- if model.get('language') == 'python' -%}
    LANGUAGE PYTHON
  {%- endif -%}
{%- endmacro %}


{% macro get_aggregate_function_volatility_specifier() -%}
  {{- adapter.dispatch('get_aggregate_function_volatility_specifier', 'dbt')() -}}
{%- endmacro %}

{% macro default__get_aggregate_function_volatility_specifier() -%}
  {{- scalar_function_volatility_sql() -}}
{%- endmacro %}


{% macro get_function_python_options() -%}
  {{- adapter.dispatch('get_function_python_options', 'dbt')() -}}
{%- endmacro %}

{% macro default__get_function_python_options() -%}
  RUNTIME_VERSION = '{{ model.config.get('runtime_version') }}'
  HANDLER = '{{ model.config.get('entry_point') }}'
{%- endmacro %}
