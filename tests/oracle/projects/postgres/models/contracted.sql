select 1 as id, 'x'::text as name, 1.5::numeric(5,2) as amount
