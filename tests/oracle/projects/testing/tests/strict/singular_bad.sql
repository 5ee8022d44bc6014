-- a failing one
{{ config(store_failures=true) }}
select id, name from {{ ref('bad') }} where name is null
