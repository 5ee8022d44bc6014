{{ config(materialized='incremental', unique_key='order_id', incremental_strategy='delete+insert', on_schema_change='append_new_columns') }}
select o.order_id, o.paid, s.ordered_at from {{ ref('orders') }} o join {{ ref('stg_orders') }} s using (order_id)
{% if is_incremental() %} where s.ordered_at > (select max(ordered_at) from {{ this }}) {% endif %}
