select a.id from {{ ref('b1') }} a, {{ ref('a4') }} b, {{ source('src', 't1') }} c
