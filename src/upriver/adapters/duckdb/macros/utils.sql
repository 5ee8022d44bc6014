{# Cross-database macros on DuckDB (JINJA-145..149). #}

{% macro duckdb__any_value(expression) -%}
  arbitrary({{ expression }})
{%- endmacro %}


{% macro duckdb__date(year, month, day) -%}
  make_date({{ year }}, {{ month }}, {{ day }})
{%- endmacro %}


{# Intervals have no quarters; the number may be an expression. #}
{% macro duckdb__dateadd(datepart, interval, from_date_or_timestamp) -%}
  {%- if datepart | lower == 'quarter' -%}
    ({{ from_date_or_timestamp }} + (cast({{ interval }} as bigint) * 3) * interval 1 month)
  {%- elif datepart | lower == 'week' -%}
    ({{ from_date_or_timestamp }} + (cast({{ interval }} as bigint) * 7) * interval 1 day)
  {%- else -%}
    ({{ from_date_or_timestamp }} + cast({{ interval }} as bigint) * interval 1 {{ datepart }})
  {%- endif -%}
{%- endmacro %}


{# Boundaries crossed, except for weeks, which begin on Sunday here and on Monday in date_diff. #}
{% macro duckdb__datediff(first_date, second_date, datepart) -%}
  {%- if datepart == 'week' -%}
    (
      {{ datediff(first_date, second_date, 'day') }}
      // 7 + case
        when date_part('dow', ({{ first_date }})::timestamp) <= date_part('dow', ({{ second_date }})::timestamp) then
          case when {{ first_date }} <= {{ second_date }} then 0 else -1 end
        else
          case when {{ first_date }} <= {{ second_date }} then 1 else 0 end
      end)
  {%- else -%}
    (date_diff('{{ datepart }}', {{ first_date }}::timestamp, {{ second_date }}::timestamp ))
  {%- endif -%}
{%- endmacro %}


{% macro duckdb__last_day(date, datepart) -%}
  {%- if datepart == 'quarter' -%}
    cast(
      {{ dateadd('day', '-1', dateadd('month', '3', date_trunc(datepart, date))) }}
      as date)
  {%- else -%}
    {{- default_last_day(date, datepart) -}}
  {%- endif -%}
{%- endmacro %}


{% macro duckdb__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- if limit_num -%}
    list_aggr(
      (array_agg(
        {{ measure }}
        {{ order_by_clause or '' }}
      ))[1:{{ limit_num }}],
      'string_agg',
      {{ delimiter_text }}
    )
  {%- else -%}
    string_agg(
      {{ measure }},
      {{ delimiter_text }}
      {{ order_by_clause or '' }}
    )
  {%- endif -%}
{%- endmacro %}


{% macro duckdb__split_part(string_text, delimiter_text, part_number) -%}
  string_split({{ string_text }}, {{ delimiter_text }})[ {{ part_number }} ]
{%- endmacro %}


{% macro duckdb__generate_series(upper_bound) -%}
  select
    generate_series as generated_number
  from generate_series(1, {{ upper_bound }})
{%- endmacro %}
