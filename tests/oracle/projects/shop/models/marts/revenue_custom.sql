{{ config(materialized='incremental', incremental_strategy='keep_max') }}
select order_id, paid from {{ ref('orders') }}
