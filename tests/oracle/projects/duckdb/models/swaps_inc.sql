{{ config(materialized='view' if var('round') == 1 else 'incremental') }} select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
