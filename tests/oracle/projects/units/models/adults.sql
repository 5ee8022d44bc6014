select p.id, upper(p.name) as name, p.born, {{ double('p.score') }} as score, c.code
from {{ ref('people') }} p left join {{ source('raw', 'codes') }} c on c.id = p.id
where p.born < date '2000-01-01' and p.id <= {{ var('limit_to') }}
