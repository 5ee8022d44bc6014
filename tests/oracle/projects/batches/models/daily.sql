{{ config(incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2024-01-01', lookback=1, unique_key='id') }}
select id, ts, kind from {{ ref('events') }}
