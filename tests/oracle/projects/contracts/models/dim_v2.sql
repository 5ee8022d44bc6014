{{ config(materialized='table') }}
select 1 as id, 'new' as name, true as flag
