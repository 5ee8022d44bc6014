{{ config(materialized='materialized_view' if var('round') < 4 else 'view') }} select id from {{ ref('mv_plain') }}
