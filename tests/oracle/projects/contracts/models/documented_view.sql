select * from {{ ref('documented') }}
