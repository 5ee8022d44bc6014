{{ config(materialized='view', bind=false) }} select t.id, v.round from {{ ref('swaps_tv') }} t join {{ ref('swaps_vt') }} v using (id) join {{ ref('swaps_mv') }} m using (id)
