{{ config(materialized='incremental', unique_key='maybe') }} select id, case when id > 2 then kind end as maybe, {{ var('round') }} as round from {{ source('raw', 'events') }}
