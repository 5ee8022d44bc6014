select '{{ var("who") }}' as who, '{{ env_var("UNITS_ENV", "none") }}' as e, count(*) as n, current_date is not null as today from {{ ref('adults') }} {{ where_clause() }}
