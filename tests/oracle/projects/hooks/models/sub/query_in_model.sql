{% if execute %}{% set n = noisy() %}{% else %}{% set n = 'none' %}{% endif %}
select '{{ n }}' as n, {{ 'true' if execute else 'false' }} as executed
