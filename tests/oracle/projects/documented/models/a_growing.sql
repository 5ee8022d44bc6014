{{ config(materialized='incremental') }} select * from {{ ref('inlined') }}
