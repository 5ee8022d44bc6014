select 'done' as status
