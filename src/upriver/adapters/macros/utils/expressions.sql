{# SQL expressions that warehouses spell differently (JINJA-146). #}


{% macro any_value(expression) -%}
  {{- adapter.dispatch('any_value', 'dbt')(expression) -}}
{%- endmacro %}

{% macro default__any_value(expression) -%}
  any_value({{ expression }})
{%- endmacro %}


{% macro bool_or(expression) -%}
  {{- adapter.dispatch('bool_or', 'dbt')(expression) -}}
{%- endmacro %}

{% macro default__bool_or(expression) -%}
  bool_or({{ expression }})
{%- endmacro %}


{% macro cast(field, type) -%}
  {{- adapter.dispatch('cast', 'dbt')(field, type) -}}
{%- endmacro %}

{% macro default__cast(field, type) -%}
  cast({{ field }} as {{ type }})
{%- endmacro %}


{# Null instead of an error where the warehouse has such a cast. #}
{% macro safe_cast(field, type) -%}
  {{- adapter.dispatch('safe_cast', 'dbt')(field, type) -}}
{%- endmacro %}

{% macro default__safe_cast(field, type) -%}
  cast({{ field }} as {{ type }})
{%- endmacro %}


{% macro cast_bool_to_text(field) -%}
  {{- adapter.dispatch('cast_bool_to_text', 'dbt')(field) -}}
{%- endmacro %}

{% macro default__cast_bool_to_text(field) -%}
  cast({{ field }} as {{ api.Column.translate_type('string') }})
{%- endmacro %}


{% macro concat(fields) -%}
  {{- adapter.dispatch('concat', 'dbt')(fields) -}}
{%- endmacro %}

{% macro default__concat(fields) -%}
  {{- fields | join(' || ') -}}
{%- endmacro %}


{% macro hash(field) -%}
  {{- adapter.dispatch('hash', 'dbt')(field) -}}
{%- endmacro %}

{% macro default__hash(field) -%}
  md5(cast({{ field }} as {{ api.Column.translate_type('string') }}))
{%- endmacro %}


{% macro length(expression) -%}
  {{- adapter.dispatch('length', 'dbt')(expression) -}}
{%- endmacro %}

{% macro default__length(expression) -%}
  length(
    {{ expression }}
  )
{%- endmacro %}


{% macro position(substring_text, string_text) -%}
  {{- adapter.dispatch('position', 'dbt')(substring_text, string_text) -}}
{%- endmacro %}

{% macro default__position(substring_text, string_text) -%}
  position(
    {{ substring_text }} in {{ string_text }}
  )
{%- endmacro %}


{% macro replace(field, old_chars, new_chars) -%}
  {{- adapter.dispatch('replace', 'dbt')(field, old_chars, new_chars) -}}
{%- endmacro %}

{% macro default__replace(field, old_chars, new_chars) -%}
  replace(
    {{ field }},
    {{ old_chars }},
    {{ new_chars }}
  )
{%- endmacro %}


{% macro right(string_text, length_expression) -%}
  {{- adapter.dispatch('right', 'dbt')(string_text, length_expression) -}}
{%- endmacro %}

{% macro default__right(string_text, length_expression) -%}
  right(
    {{ string_text }},
    {{ length_expression }}
  )
{%- endmacro %}


{% macro string_literal(value) -%}
  {{- adapter.dispatch('string_literal', 'dbt')(value) -}}
{%- endmacro %}

{% macro default__string_literal(value) -%}
  '{{ value }}'
{%- endmacro %}


{% macro escape_single_quotes(expression) -%}
  {{- adapter.dispatch('escape_single_quotes', 'dbt')(expression) -}}
{%- endmacro %}

{% macro default__escape_single_quotes(expression) -%}
  {{- expression | replace("'", "''") -}}
{%- endmacro %}


{# Whether two expressions are the same, null being the same as null. #}
{% macro equals(expr1, expr2) -%}
  {{- adapter.dispatch('equals', 'dbt')(expr1, expr2) -}}
{%- endmacro %}

{% macro default__equals(expr1, expr2) -%}
  ({{ expr1 }} = {{ expr2 }})
{%- endmacro %}


{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
  {{- adapter.dispatch('listagg', 'dbt')(
    measure, delimiter_text, order_by_clause, limit_num) -}}
{%- endmacro %}

{% macro default__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- set within = 'within group (' ~ order_by_clause ~ ')' if order_by_clause else '' -%}
  {%- if limit_num -%}
    array_to_string(
      array_slice(
        array_agg({{ measure }}) {{ within }},
        0,
        {{ limit_num }}
      ),
      {{ delimiter_text }}
    )
  {%- else -%}
    listagg({{ measure }}, {{ delimiter_text }}) {{ within }}
  {%- endif -%}
{%- endmacro %}


{# The part before, between or after delimiters; a negative number counts from the end. #}
{% macro split_part(string_text, delimiter_text, part_number) -%}
  {{- adapter.dispatch('split_part', 'dbt')(string_text, delimiter_text, part_number) -}}
{%- endmacro %}

{% macro default__split_part(string_text, delimiter_text, part_number) -%}
  split_part(
    {{ string_text }},
    {{ delimiter_text }},
    {{ part_number }}
  )
{%- endmacro %}

{# For warehouses whose split_part counts only from the start. #}
{% macro _split_part_negative(string_text, delimiter_text, part_number) -%}
  split_part(
    {{ string_text }},
    {{ delimiter_text }},
    length({{ string_text }})
    - length(
      replace({{ string_text }}, {{ delimiter_text }}, '')
    ) + 2 + {{ part_number }}
  )
{%- endmacro %}


{# Set operators that remove duplicates. #}
{% macro except() -%}
  {{- adapter.dispatch('except', 'dbt')() -}}
{%- endmacro %}

{% macro default__except() -%}
  except
{%- endmacro %}


{% macro intersect() -%}
  {{- adapter.dispatch('intersect', 'dbt')() -}}
{%- endmacro %}

{% macro default__intersect() -%}
  intersect
{%- endmacro %}


{# Arrays (JINJA-149). #}

{% macro array_construct(inputs=[], data_type=api.Column.translate_type('integer')) -%}
  {{- adapter.dispatch('array_construct', 'dbt')(inputs, data_type) -}}
{%- endmacro %}

{% macro default__array_construct(inputs, data_type) -%}
  {%- if inputs -%}
    array[ {{ inputs | join(' , ') }} ]
  {%- else -%}
    array[]::{{ data_type }}[]
  {%- endif -%}
{%- endmacro %}


{% macro array_append(array, new_element) -%}
  {{- adapter.dispatch('array_append', 'dbt')(array, new_element) -}}
{%- endmacro %}

{% macro default__array_append(array, new_element) -%}
  array_append({{ array }}, {{ new_element }})
{%- endmacro %}


{% macro array_concat(array_1, array_2) -%}
  {{- adapter.dispatch('array_concat', 'dbt')(array_1, array_2) -}}
{%- endmacro %}

{% macro default__array_concat(array_1, array_2) -%}
  array_cat({{ array_1 }}, {{ array_2 }})
{%- endmacro %}
