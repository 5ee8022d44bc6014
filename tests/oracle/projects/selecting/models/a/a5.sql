select * from {{ ref('a4') }}
