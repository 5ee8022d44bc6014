select id, [1, 2] as l, {'a': 1} as s, 1.25::decimal(10,3) as d, timestamp '2024-01-01 10:00:00' as t, 'x''y' as q, name from {{ ref('people') }}
