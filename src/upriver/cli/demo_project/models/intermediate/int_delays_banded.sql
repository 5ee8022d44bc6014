select
    flights.flight_id,
    flights.flight_date,
    flights.origin,
    flights.carrier_code,
    bands.band,
    bands.sort_order
from {{ ref('int_flights_flown') }} as flights
join {{ ref('delay_bands') }} as bands
    on flights.departure_delay >= bands.from_minutes
    and flights.departure_delay < bands.to_minutes
