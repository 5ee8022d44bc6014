select 1 from {{ ref('a_vars') }} where everywhere = 'alpha'
union all select 2
