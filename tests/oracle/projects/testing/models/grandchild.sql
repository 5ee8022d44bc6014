{{ config(materialized='view') }}
select * from {{ ref('child_of_bad') }}
