{{ config(incremental_strategy='microbatch', event_time='ts', batch_size='hour', begin='2024-01-01T22:00:00') }}
select id, ts, '{{ model.batch.id if model.batch }}' as batch, '{{ model.batch.event_time_start if model.batch }}' as begins from {{ ref('events') }}
