select 1 as id, 'n' as name, 1 as extra
