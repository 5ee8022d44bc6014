{{ config(incremental_strategy='first_wins', unique_key='id') }}
select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
