select 1 as id, 'a' as name, date '2024-01-01' as d, 1.5 as price
