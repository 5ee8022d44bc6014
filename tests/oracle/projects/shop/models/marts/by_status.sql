select status, count(*) as n from {{ ref('dim_status') }} join {{ ref('orders') }} using (status) group by 1
union all
select status, 0 from {{ ref('dim_status', v=1) }}
