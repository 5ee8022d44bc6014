select flight_id
from {{ ref('stg_flights') }}
where origin = destination
