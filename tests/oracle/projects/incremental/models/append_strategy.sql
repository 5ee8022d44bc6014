{{ config(incremental_strategy='append') }}
select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
