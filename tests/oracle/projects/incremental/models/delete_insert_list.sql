{{ config(unique_key=['id', 'region'], incremental_strategy='delete+insert') }}
select id, region, name from {{ source('raw', 'events') }}
