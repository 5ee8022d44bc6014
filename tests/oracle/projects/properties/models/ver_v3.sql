select 3 as id, 'n' as name, 3 as extra
