select
    origin,
    band,
    min(sort_order) as sort_order,
    count(*) as flights,
    round(100.0 * count(*) / sum(count(*)) over (partition by origin), 1) as percent
from {{ ref('int_delays_banded') }}
group by origin, band
