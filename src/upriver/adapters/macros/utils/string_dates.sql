{# Dates as text, worked out without the warehouse (JINJA-150). #}

{% macro convert_datetime(date_str, date_fmt) -%}
  {%- do return(try_or_compiler_error(
    'Could not read "' ~ date_str ~ '" as a date in the format "' ~ date_fmt ~ '"',
    modules.datetime.datetime.strptime, date_str | string, date_fmt)) -%}
{%- endmacro %}


{% macro dates_in_range(
  start_date_str, end_date_str=none, in_fmt='%Y%m%d', out_fmt='%Y%m%d'
) -%}
  {%- set start = convert_datetime(start_date_str, in_fmt) -%}
  {%- set end = start if end_date_str is none else convert_datetime(end_date_str, in_fmt) -%}
  {%- if end < start -%}
    {%- do exceptions.raise_compiler_error(
      'A range of dates cannot go back from ' ~ start_date_str ~ ' to ' ~ end_date_str) -%}
  {%- endif -%}
  {%- set dates = [] -%}
  {%- for days in range((end - start).days + 1) -%}
    {%- do dates.append((start + modules.datetime.timedelta(days=days)).strftime(out_fmt)) -%}
  {%- endfor -%}
  {%- do return(dates) -%}
{%- endmacro %}


{# `first` or `first,last`. #}
{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') -%}
  {%- set parts = (raw_partition_date | string).split(',') -%}
  {%- if parts | length > 2 -%}
    {%- do exceptions.raise_compiler_error(
      'A range is `date` or `date,date`, not `' ~ raw_partition_date ~ '`') -%}
  {%- endif -%}
  {%- do return(dates_in_range(parts[0], parts[1] if parts | length == 2 else none, in_fmt=date_fmt)) -%}
{%- endmacro %}


{# Now, to the microsecond: makes names unique. #}
{% macro py_current_timestring() -%}
  {%- do return(modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y%m%d%H%M%S%f')) -%}
{%- endmacro %}
