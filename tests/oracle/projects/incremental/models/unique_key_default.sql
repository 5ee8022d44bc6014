{{ config(unique_key='id') }}
select id, name, updated_at from {{ source('raw', 'events') }}
