{{ config(materialized='table') }}
select 'text' as id, 'b' as name
