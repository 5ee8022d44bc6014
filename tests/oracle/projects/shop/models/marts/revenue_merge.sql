{{ config(materialized='incremental', unique_key=['order_id'], incremental_strategy='merge', merge_update_columns=['paid']) }}
select order_id, paid + {{ 1 if is_incremental() else 0 }} as paid, 'x' as kept from {{ ref('orders') }}
