{{ config(materialized='external' if var('round') % 2 == 0 else 'table') }} select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
