select 'x'::varchar(10) as label, 1 as id
