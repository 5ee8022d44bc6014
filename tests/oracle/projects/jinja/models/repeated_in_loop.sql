{% for _ in range(3) -%}
select * from {{ ref('base') }} {{ 'union all' if not loop.last }}
{% endfor %}
