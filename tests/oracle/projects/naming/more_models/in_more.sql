{{ config(enabled=var('more', true) | as_bool) }}
select * from {{ ref('ver') }} union all select id, 1 from {{ ref('ver', version=1) }}
