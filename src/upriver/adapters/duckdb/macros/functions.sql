{# Functions are macros on DuckDB: the body is one expression or one query of one value. #}

{% macro duckdb__scalar_function_sql(target_relation) -%}
  {%- set arguments = [] -%}
  {%- for argument in model.arguments or [] -%}
    {%- do arguments.append(
      argument['name'] ~ (' := ' ~ argument['default_value']
        if argument.get('default_value') is not none else '')) -%}
  {%- endfor -%}
  create or replace macro {{ target_relation.render() }}({{ arguments | join(', ') }}) as (
    cast((
      {{ model.compiled_code }}
    ) as {{ model.returns['data_type'] }})
  );
{%- endmacro %}
