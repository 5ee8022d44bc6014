select * from {{ source('files', 'events') }}
