select 'beta' as origin
