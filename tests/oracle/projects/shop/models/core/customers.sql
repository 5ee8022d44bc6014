select c.*, count(o.order_id) as orders, '{{ var("label") }}' as label, '{{ var("scoped", "none") }}' as scoped,
  {{ pretty("c.name") }} as pretty, {{ model_count() }} as models, '{{ env_var("SHOP_REGION", "eu") }}' as region
from {{ ref('stg_customers') }} c left join {{ ref('orders') }} o using (customer_id)
group by all
