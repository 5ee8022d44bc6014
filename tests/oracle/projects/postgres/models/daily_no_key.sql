{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2023-12-31') }} select * from {{ source('raw', 'events') }}
