{{ config(materialized='table') }}

select
    flights.*,
    airlines.carrier_name,
    airports.airport_name as destination_name,
    planes.manufacturer,
    planes.seats,
    year(flights.flight_date) - planes.built_in as plane_age
from {{ ref('int_flights_flown') }} as flights
left join {{ ref('stg_airlines') }} as airlines using (carrier_code)
left join {{ ref('stg_airports') }} as airports on airports.airport_code = flights.destination
left join {{ ref('stg_planes') }} as planes using (tail_number)
