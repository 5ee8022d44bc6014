select * from {{ ref('a2') }} union all select * from {{ ref('s1') }}
