select
    origin,
    case
        when precipitation > 0 and wind_speed > 20 then 'rain and wind'
        when precipitation > 0 then 'rain'
        when wind_speed > 20 then 'wind'
        else 'calm'
    end as weather,
    count(*) as flights,
    {{ mean('departure_delay') }} as mean_departure_delay
from {{ ref('int_flights_weather') }}
group by all
