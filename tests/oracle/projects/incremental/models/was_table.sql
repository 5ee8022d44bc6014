{{ config(materialized='incremental' if var('round') > 1 else 'view') }}
select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
