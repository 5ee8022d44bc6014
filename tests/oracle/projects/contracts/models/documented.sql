{{ config(materialized='table') }}
select 1 as id, 2 as "Mixed Case", 'it''s' as quoted
