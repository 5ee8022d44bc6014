{{ config(schema='marts') }}
select o.*, c.code, '{{ shadowed() }}' as shadowed, '{{ only_in_beta() if execute else "" }}' as unqualified
from {{ ref('orders') }} as o
left join {{ ref('alpha_codes') }} as c on c.id = o.id
