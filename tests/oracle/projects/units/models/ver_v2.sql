select id, name from {{ ref('adults') }}
