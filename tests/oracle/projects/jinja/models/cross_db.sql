select {{ dbt.date_trunc('month', 'day') }} as a, {{ dbt.dateadd('day', 3, 'day') }} as b, {{ dbt.datediff('day', "date '2024-01-01'", 'day') }} as c, {{ dbt.concat(["status", "'-'", "id"]) }} as d,
 {{ dbt.hash('status') }} as e, {{ dbt.length('status') }} as f, {{ dbt.position("'e'", 'status') }} as g, {{ dbt.replace('status', "'o'", "'0'") }} as h, {{ dbt.right('status', 2) }} as i,
 {{ dbt.safe_cast("'1'", api.Column.translate_type('integer')) }} as j, {{ dbt.split_part("'a|b|c'", "'|'", 2) }} as k, {{ dbt.string_literal("x'y" | replace("'", "")) }} as l, {{ dbt.last_day('day', 'month') }} as m,
 {{ dbt.cast('id', dbt.type_bigint()) }} as o, {{ dbt.escape_single_quotes("it's") | length }} as p, {{ dbt.cast_bool_to_text('id = 1') }} as q,
 {{ dbt.array_construct([1, 2]) }} as r, {{ dbt.date('2024', 1, 2) if false else "1" }} as s
from (select *, 'varchar' as varchar_, null as text, null as "string" from {{ ref('base') }})
