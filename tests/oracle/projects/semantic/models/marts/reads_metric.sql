-- {{ metric('revenue') }} {{ metric('semantic', 'order_count') }}
select * from {{ ref('orders') }}
