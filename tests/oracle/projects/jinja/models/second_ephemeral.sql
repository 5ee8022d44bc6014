{{ config(materialized='ephemeral', alias='other_alias') }}
with recursive r as (select 1 as i union all select i + 1 from r where i < 2) select * from r, {{ ref('partition') }}
