select i.id from {{ ref('int_orders') }} i left join {{ ref('stg_customers') }} c using (name) where c.id is null
