select * from {{ ref('related') }} join {{ ref('only_get') }} on true
