select
    manufacturer,
    seats,
    count(distinct tail_number) as planes,
    count(*) as flights,
    {{ mean('plane_age') }} as mean_age
from {{ ref('int_flights_named') }}
where manufacturer is not null
group by manufacturer, seats
