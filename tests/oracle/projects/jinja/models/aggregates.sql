select status, {{ dbt.any_value('id') }} is not null as a, {{ dbt.bool_or('id > 1') }} as b, {{ dbt.listagg('id', "','", 'order by id') }} as c, {{ dbt.listagg('status', "'|'", 'order by id', 1) }} as d
from {{ ref('base') }} group by 1
{{ dbt.except() }} select 'nothing', true, true, 'x', 'y' {{ dbt.intersect() if false }}
