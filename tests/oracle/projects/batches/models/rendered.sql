{{ config(incremental_strategy='microbatch', event_time='ts', batch_size='year', begin='2022-01-01') }}
select a.id, a.ts from {{ ref('events').render() }} a join {{ ref('events') }} b using (id)
