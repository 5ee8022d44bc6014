select
    origin,
    cast(time_hour as timestamp) as hour_at,
    avg(temp) as temperature,
    avg(wind_speed) as wind_speed,
    sum(precip) as precipitation,
    min(visib) as visibility
from {{ source('raw', 'weather') }}
group by all
