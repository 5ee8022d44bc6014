select * from {{ ref('ver') }} union all select * from {{ ref('ver', v=1) }} union all select * from {{ ref('properties', 'ver', version=3) }} union all select id, 'x', 1 from {{ ref('ver', v='4') }}
