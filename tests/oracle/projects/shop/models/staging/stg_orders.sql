-- depends_on: {{ ref('raw_orders') }}
select order_id, customer_id, status, cast(ordered_at as timestamp) as ordered_at
from {{ source('raw', 'orders') }}
