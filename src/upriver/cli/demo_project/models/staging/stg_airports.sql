select distinct on (faa)
    faa as airport_code,
    name as airport_name,
    lat as latitude,
    lon as longitude,
    tzone as time_zone
from {{ source('raw', 'airports') }}
order by faa
