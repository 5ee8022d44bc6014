select id, customer, amount from {{ ref('orders') }}
