select id, l, s, d, t, q from {{ ref('odd_types') }} where name <> 'zz'
