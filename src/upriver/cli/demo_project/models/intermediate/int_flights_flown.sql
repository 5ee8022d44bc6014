{{ config(materialized='ephemeral') }}

select *
from {{ ref('stg_flights') }}
where not is_cancelled
