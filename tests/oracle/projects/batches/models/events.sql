{{ config(materialized='table', event_time='ts') }}
select * from {{ source('raw', 'events') }}
