select id, 2 as two from {{ ref('ver', v=1) }}
