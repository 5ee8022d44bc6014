{{ config(incremental_strategy='microbatch', event_time='ts', batch_size='month', begin='2023-11-01', lookback=0, concurrent_batches=false) }}
select e.id, e.ts, c.kind as code from {{ ref('events') }} e join {{ source('raw', 'codes') }} c using (kind)
