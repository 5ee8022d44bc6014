select
    carriers.carrier_name,
    flights.origin,
    count(*) as flights,
    round(
        100.0 * count(*) filter (where flights.arrival_delay <= {{ var('late_after_minutes') }})
        / count(*), 1
    ) as percent_on_time
from {{ ref('int_flights_named') }} as flights
join {{ ref('mart_carriers') }} as carriers using (carrier_code)
group by carriers.carrier_name, flights.origin
