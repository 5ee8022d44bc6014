{{ config(materialized='incremental', unique_key='id') }}
select id, name, '{{ is_incremental() }}' as again from {{ ref('int_orders') }}
{% if is_incremental() %} where id >= (select max(id) from {{ this }}) {% endif %}
