{{ config(access='private') }}
select {{ dbt.date_trunc('month', 'ordered_at') }} as month, count(*) as n from {{ ref('revenue') }} group by 1
