{{ config(pre_hook="select 1", post_hook=["select 2 as {{ this.identifier }}", {"sql": "select 3", "transaction": False}]) }}
select id as payment_id, order_id, amount, {{ cents('amount', 0) }} as cents, paid_on
from {{ ref('raw_payments') }}
