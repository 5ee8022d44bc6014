{{ config(materialized='view' if var('round') % 2 else 'table') }} select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
