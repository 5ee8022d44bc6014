{{ config(materialized='materialized_view') }} select id, kind from {{ source('raw', 'events') }}
