{{ config(unique_key='id', on_schema_change='sync_all_columns') }}
select id, {% if var('round') > 1 %} 'x' as extra, 2::bigint as number {% else %} name, 2::integer as number {% endif %}
from {{ source('raw', 'events') }}
