select * from {{ ref('mv_fails') }}
