select
    flights.flight_id,
    flights.flight_date,
    flights.origin,
    flights.departure_delay,
    weather.temperature,
    weather.wind_speed,
    weather.precipitation,
    weather.visibility
from {{ ref('int_flights_flown') }} as flights
left join {{ ref('stg_weather') }} as weather using (origin, hour_at)
