select * from {{ source('raw', 'visible') }}
