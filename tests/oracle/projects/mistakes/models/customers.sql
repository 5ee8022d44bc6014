select 1 as customer
