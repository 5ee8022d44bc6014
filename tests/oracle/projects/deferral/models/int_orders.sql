{{ config(materialized='table') }}
select o.id, c.name {{ ', no_such_column' if var('broken') }} from {{ ref('eph_orders') }} o join {{ ref('stg_customers') }} c on c.id = o.customer_id
