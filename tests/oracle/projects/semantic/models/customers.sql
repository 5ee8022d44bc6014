select 1 as customer_id, 'a' as name, timestamp '2024-01-01' as created_at, 5 as balance
