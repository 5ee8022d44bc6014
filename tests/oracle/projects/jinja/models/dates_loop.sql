{% for d in dates_in_range('20240101', '20240103') %}select '{{ d }}' as d{% if not loop.last %} union all {% endif %}{% endfor %}
