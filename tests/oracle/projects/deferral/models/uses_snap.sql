select id, name from {{ ref('snap_customers') }}
