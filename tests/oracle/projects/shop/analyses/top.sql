select * from {{ ref('customers') }} order by orders desc limit {{ var('top', 3) }}
