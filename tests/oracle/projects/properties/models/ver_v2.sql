select 2 as id, 'n' as name, 2 as extra
