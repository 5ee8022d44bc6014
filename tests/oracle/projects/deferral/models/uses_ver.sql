{{ config(materialized='table') }}
select a.id from {{ ref('dim_ver') }} a join {{ ref('dim_ver', v=1) }} b using (id)
