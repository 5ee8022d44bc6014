{{ config(materialized='ephemeral') }}
select {{ "status" }}, count(*) as n from {{ ref('base') }} group by 1
