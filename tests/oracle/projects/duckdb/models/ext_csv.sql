{{ config(materialized='external', format='csv', delimiter='|') }} select id, kind from {{ source('raw', 'events') }}
