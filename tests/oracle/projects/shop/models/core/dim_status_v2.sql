{% for status in statuses() %}select '{{ status }}' as status{% if not loop.last %} union all {% endif %}{% endfor %}
-- depends_on: {{ ref('raw_orders') }}
