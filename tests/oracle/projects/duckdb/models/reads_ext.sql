{{ config(materialized='view') }} select * from {{ ref('ext_plain') }} union all select * from {{ ref('ext_csv') }}
