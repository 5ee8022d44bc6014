{{ config(materialized='table') }}
select 10 as child_id, id as parent_id, 'x' as note from {{ ref('parent') }}
