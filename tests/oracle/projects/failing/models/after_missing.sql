select * from {{ ref('missing_table') }}
