select 1 as visit_id, 1 as user_id, date '2024-01-01' as visited_at
