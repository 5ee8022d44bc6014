select 1 as price_id, date '2024-01-01' as valid_from, date '2024-02-01' as valid_to
