select * from {{ ref('b3') }}
