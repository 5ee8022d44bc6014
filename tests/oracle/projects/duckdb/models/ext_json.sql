{{ config(materialized='external', location='mine.json') }} select id, kind from {{ source('raw', 'events') }}
