select * from {{ ref('base') }} where id in ({{ var('a_list')[:2] | join(', ') }})
