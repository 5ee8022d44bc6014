{{ config(pre_hook="create table if not exists main.beta_hooked as select '{{ this.schema }}' as s") }}
select a.id, '{{ var("scoped") }}' as scoped, '{{ var("everywhere") }}' as everywhere,
  '{{ alpha.greet("beta") }}' as greeted, '{{ alpha.farewell("beta") }}' as farewell
from {{ ref('alpha', 'a_base') }} as a
left join {{ ref('a_staged') }} as s on s.id = a.id
