select id from {{ ref('adults') }}
