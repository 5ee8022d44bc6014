{% set first, second = "'2023-11-28 22:10:05.5'::timestamp", "'2024-03-03 01:02:03.25'::timestamp" %}
select {% for part in ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond'] %}
  {{ dbt.datediff(first, second, part) }} as diff_{{ part }}, {{ dbt.datediff(second, first, part) }} as back_{{ part }},
  {% endfor %}
  {% for part in ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute'] %}
  {{ dbt.date_trunc(part, first) }} as trunc_{{ part }}, {% if part != 'quarter' %}{{ dbt.dateadd(part, 3, first) }} as add_{{ part }}, {{ dbt.dateadd(part, '-id', second) }} as sub_{{ part }},{% endif %}
  {% endfor %}
  {{ dbt.last_day(first, 'month') }} as lm, {{ dbt.last_day(first, 'quarter') }} as lq, {{ dbt.last_day(first, 'year') }} as ly, {{ dbt.date(2024, 2, 29) }} as d,
  '{{ dbt.dates_in_range("20240227", "20240301") | join(",") }}' as ranged, '{{ dbt.partition_range("2024-01-01,2024-01-03", date_fmt="%Y-%m-%d") | join(",") }}' as parted
from {{ source('raw', 'events') }}
