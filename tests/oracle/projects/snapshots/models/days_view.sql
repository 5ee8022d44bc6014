select id, name, cast(changed_at as date) as day from {{ source('raw', 'things') }}
