select 1::bigint as id, 'v' as name
