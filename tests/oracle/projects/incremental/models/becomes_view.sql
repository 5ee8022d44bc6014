{{ config(materialized='view' if var('round') > 1 else 'table') }}
select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
