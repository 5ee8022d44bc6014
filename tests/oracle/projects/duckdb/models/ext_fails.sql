{{ config(materialized='external') }} select 1/id as x, error('stop') from {{ source('raw', 'events') }}
