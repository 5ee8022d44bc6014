select id, name from {{ source('raw', 'things') }}
