{{ config(incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2024-01-01') }}
select id, ts, {% if is_incremental() %}(select count(*) from {{ this }}){% else %}0{% endif %} as before from {{ ref('events') }}
