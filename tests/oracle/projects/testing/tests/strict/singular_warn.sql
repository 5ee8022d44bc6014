{{ config(severity='warn', limit=1, fail_calc='count(distinct id)') }}
select * from {{ ref('good') }} g join {{ ref('bad') }} b using (id)
