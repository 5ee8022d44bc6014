{{ config(materialized='external') }} select id, kind from {{ source('raw', 'events') }}
