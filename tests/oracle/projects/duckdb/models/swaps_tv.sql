{{ config(materialized='table' if var('round') % 2 else 'view') }} select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
