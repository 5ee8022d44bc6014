select id, '{{ var("everywhere") }}' as everywhere, '{{ var("own") }}' as own,
  '{{ var("scoped", "unset here") }}' as scoped, '{{ alpha.greet("root") }}' as greeted,
  '{{ beta.who() }}' as who
from {{ ref('a_base') }}
