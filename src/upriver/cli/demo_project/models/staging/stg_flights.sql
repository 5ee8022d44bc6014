select
    row_number() over (order by time_hour, carrier, flight, origin, dest, sched_dep_time) as flight_id,
    make_date(year, month, day) as flight_date,
    cast(time_hour as timestamp) as hour_at,
    carrier as carrier_code,
    flight as flight_number,
    tailnum as tail_number,
    origin,
    dest as destination,
    dep_delay as departure_delay,
    arr_delay as arrival_delay,
    air_time as minutes_in_air,
    distance as miles,
    dep_time is null as is_cancelled
from {{ source('raw', 'flights') }}
