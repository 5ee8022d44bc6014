{{ config(incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2023-12-29', lookback=2, pre_hook="create table if not exists {{ target.schema }}.hooked (w varchar)", post_hook="insert into {{ target.schema }}.hooked values ('{{ model.batch.id }}')") }}
select id, ts, {{ is_incremental() }} as inc, '{{ model.batch.id }}' as b from {{ ref('events') }}
