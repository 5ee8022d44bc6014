{{ config(store_failures=true, severity='warn') }} select 1 as id
