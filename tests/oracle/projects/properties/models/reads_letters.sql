select * from {{ ref('lettered') }} union all select * from {{ ref('lettered', v='b') }} union all select * from {{ ref('single', v=1) }}
