{{ config(materialized='numbered', tags='custom') }}
select order_id from {{ ref('orders') }}
