select 1 from {{ ref('a1') }}, {{ ref('b2') }} where false
