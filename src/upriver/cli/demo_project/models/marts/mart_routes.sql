select
    origin,
    destination,
    max(destination_name) as destination_name,
    count(*) as flights,
    count(distinct carrier_code) as carriers,
    {{ mean('minutes_in_air') }} as mean_minutes_in_air,
    {{ mean('arrival_delay') }} as mean_arrival_delay
from {{ ref('int_flights_named') }}
group by origin, destination
