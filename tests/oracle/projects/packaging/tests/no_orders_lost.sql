select 1 from {{ ref('orders') }} having count(*) <> (select count(*) from {{ ref('alpha', 'a_base') }})
