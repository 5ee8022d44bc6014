{{ config(materialized='view') }} select * from {{ ref('mv_plain') }}
