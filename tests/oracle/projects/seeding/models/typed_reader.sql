select id, typeof(code) as t, typeof(amount) as a, typeof(day) as d from {{ ref('typed') }}
