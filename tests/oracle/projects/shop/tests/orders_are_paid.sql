{{ config(severity='warn', tags=['money'], warn_if='> 1') }}
select o.order_id from {{ ref('stg_orders') }} o left join {{ ref('stg_payments') }} p using (order_id)
where p.amount is null
