{{ config(materialized='incremental', incremental_strategy='append') }}
select order_id, paid, {{ is_incremental() | string | lower }} as again from {{ ref('orders') }}
