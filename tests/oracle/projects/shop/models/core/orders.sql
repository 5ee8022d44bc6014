{{ config(contract={'enforced': true}) }}
with paid as (select * from {{ ref('eph_big') }})
select o.order_id::integer as order_id, o.customer_id::integer as customer_id, o.status, coalesce(p.paid, 0)::decimal(10,2) as paid
from {{ ref('stg_orders') }} o left join paid p using (order_id)
