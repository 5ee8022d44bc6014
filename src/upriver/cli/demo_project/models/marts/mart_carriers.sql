select
    carrier_code,
    carrier_name,
    count(*) as flights,
    {{ mean('departure_delay') }} as mean_departure_delay,
    {{ mean('arrival_delay') }} as mean_arrival_delay,
    sum(miles) as miles
from {{ ref('int_flights_named') }}
group by carrier_code, carrier_name
order by flights desc
