{{ config(materialized='incremental', unique_key=['origin', 'flight_date']) }}

select
    origin,
    flight_date,
    count(*) as flights,
    count(*) filter (where is_cancelled) as cancelled,
    {{ mean('departure_delay') }} as mean_departure_delay
from {{ ref('stg_flights') }}
{% if is_incremental() %}
where flight_date > (select max(flight_date) from {{ this }})
{% endif %}
group by origin, flight_date
