{% if execute %}select * from {{ ref('ok') }}{% else %}select 1{% endif %}
