{{ config(database='other', materialized='incremental', unique_key='id') }} select id, {{ var('round') }} as round from {{ ref('elsewhere') }}
