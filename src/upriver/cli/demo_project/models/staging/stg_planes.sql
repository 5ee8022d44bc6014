select
    tailnum as tail_number,
    try_cast(year as integer) as built_in,
    manufacturer,
    model,
    engines,
    seats
from {{ source('raw', 'planes') }}
