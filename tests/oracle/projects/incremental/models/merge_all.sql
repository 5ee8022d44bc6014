{{ config(unique_key='id', incremental_strategy='merge') }}
select id, name, updated_at from {{ source('raw', 'events') }}
