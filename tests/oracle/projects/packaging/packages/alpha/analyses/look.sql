select * from {{ ref('a_base') }}
