select origin from {{ ref('common') }}
union all
select origin from {{ ref('alpha', 'common') }}
union all
select origin from {{ ref('beta', 'common') }}
