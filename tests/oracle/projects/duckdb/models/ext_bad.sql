{{ config(materialized='external', format='xml') }} select 1 as id
