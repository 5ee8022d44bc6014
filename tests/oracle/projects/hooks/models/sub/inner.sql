{{ config(materialized='incremental', post_hook="insert into {{ this }} select 100 + count(*) from {{ this }}") }}
-- depends_on: {{ ref('table_with_hooks') }}
select id from {{ ref('plain') }}
