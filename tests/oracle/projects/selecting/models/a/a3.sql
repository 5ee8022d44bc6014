select * from {{ ref('a2') }}
