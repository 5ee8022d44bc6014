{# Dates and series (JINJA-147, JINJA-148). #}

{% macro date(year, month, day) -%}
  {{- adapter.dispatch('date', 'dbt')(year, month, day) -}}
{%- endmacro %}

{% macro default__date(year, month, day) -%}
  to_date('{{ modules.datetime.date(year, month, day).isoformat() }}', 'YYYY-MM-DD')
{%- endmacro %}


{% macro date_trunc(datepart, date) -%}
  {{- adapter.dispatch('date_trunc', 'dbt')(datepart, date) -}}
{%- endmacro %}

{% macro default__date_trunc(datepart, date) -%}
  date_trunc('{{ datepart }}', {{ date }})
{%- endmacro %}


{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
  {{- adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp) -}}
{%- endmacro %}

{% macro default__dateadd(datepart, interval, from_date_or_timestamp) -%}
  dateadd(
    {{ datepart }},
    {{ interval }},
    {{ from_date_or_timestamp }}
  )
{%- endmacro %}


{% macro datediff(first_date, second_date, datepart) -%}
  {{- adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart) -}}
{%- endmacro %}

{% macro default__datediff(first_date, second_date, datepart) -%}
  datediff(
    {{ datepart }},
    {{ first_date }},
    {{ second_date }}
  )
{%- endmacro %}


{% macro last_day(date, datepart) -%}
  {{- adapter.dispatch('last_day', 'dbt')(date, datepart) -}}
{%- endmacro %}

{% macro default__last_day(date, datepart) -%}
  {{- default_last_day(date, datepart) -}}
{%- endmacro %}

{# The day before the next period begins; called by name from adapters' own last_day. #}
{% macro default_last_day(date, datepart) -%}
  cast(
    {{ dateadd('day', '-1', dateadd(datepart, '1', date_trunc(datepart, date))) }}
    as date)
{%- endmacro %}


{# Every period from the first date to before the last: `date_<datepart>`. Asks the warehouse how
   many there are. #}
{% macro date_spine(datepart, start_date, end_date) -%}
  {{- adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date) -}}
{%- endmacro %}

{% macro default__date_spine(datepart, start_date, end_date) -%}
  with rawdata as (

    {{ generate_series(get_intervals_between(start_date, end_date, datepart)) }}

  ),

  all_periods as (

    select (
      {{ dateadd(datepart, 'row_number() over (order by 1) - 1', start_date) }}
    ) as date_{{ datepart }}
    from rawdata

  ),

  filtered as (

    select *
    from all_periods
    where date_{{ datepart }} <= {{ end_date }}

  )

  select * from filtered
{%- endmacro %}


{% macro get_intervals_between(start_date, end_date, datepart) -%}
  {%- do return(adapter.dispatch('get_intervals_between', 'dbt')(
    start_date, end_date, datepart)) -%}
{%- endmacro %}

{% macro default__get_intervals_between(start_date, end_date, datepart) -%}
  {%- call statement('get_intervals_between', fetch_result=True) %}
    select {{ datediff(start_date, end_date, datepart) }}
  {%- endcall -%}
  {%- set result = load_result('get_intervals_between') -%}
  {#- While parsing nothing is asked, and the text that needs the answer is thrown away. -#}
  {%- do return(result['data'][0][0] if result and result['data'] else 1) -%}
{%- endmacro %}


{# Numbers from 1 to the bound, as `generated_number`. #}
{% macro generate_series(upper_bound) -%}
  {{- adapter.dispatch('generate_series', 'dbt')(upper_bound) -}}
{%- endmacro %}

{# By joining pairs of bits, so it needs no table and no recursion. #}
{% macro default__generate_series(upper_bound) -%}
  {%- set bits = get_powers_of_two(upper_bound) | int -%}
  with p as (
    select 0 as generated_number union all select 1
  ), unioned as (

  select

  {% for bit in range(bits) -%}
    {{ ' + ' if not loop.first }}p{{ bit }}.generated_number * power(2, {{ bit }})
  {% endfor %}
    + 1
    as generated_number

  from

  {% for bit in range(bits) -%}
    {{ ' cross join ' if not loop.first }}p as p{{ bit }}
  {% endfor %}

  )

  select *
  from unioned
  where generated_number <= {{ upper_bound }}
  order by generated_number
{%- endmacro %}


{# How many bits are enough to count to the bound. #}
{% macro get_powers_of_two(upper_bound) -%}
  {%- do return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) -%}
{%- endmacro %}

{% macro default__get_powers_of_two(upper_bound) -%}
  {%- if upper_bound <= 0 -%}
    {%- do exceptions.raise_compiler_error('A series ends at 1 or later, not at ' ~ upper_bound) -%}
  {%- endif -%}
  {%- for bits in range(1, 100) if 2 ** bits >= upper_bound -%}
    {%- do return(bits) -%}
  {%- endfor -%}
{%- endmacro %}
