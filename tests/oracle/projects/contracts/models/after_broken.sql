select * from {{ ref('breaks_constraint') }}
