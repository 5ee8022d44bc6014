-- a comment first
with x as (select * from {{ ref('partition') }}), y as (select 1 as one)
select * from x cross join y union all select status, n, 2 from {{ ref('partition') }} where n > (select count(*) from {{ ref('second_ephemeral') }})
