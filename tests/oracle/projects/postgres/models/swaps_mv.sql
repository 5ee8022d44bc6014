{{ config(materialized=['table', 'materialized_view', 'view', 'incremental'][var('round') - 1]) }} select id, {{ var('round') }} as round from {{ source('raw', 'events') }}
