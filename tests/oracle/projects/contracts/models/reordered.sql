{{ config(materialized='table') }}
select 'a' as name, 2 as id
