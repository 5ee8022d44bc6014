select 1 as id, * from {{ ref('broken_logic') }}
