{{ config(materialized='view') }}
select a.id, b.round from {{ ref('becomes_view') }} a join {{ ref('becomes_table') }} b using (id)
