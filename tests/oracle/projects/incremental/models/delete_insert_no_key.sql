{{ config(incremental_strategy='delete+insert') }}
select id, name from {{ source('raw', 'events') }}
