{{ config(meta={'infile': 1}, tags='infile') }}
select * from {{ ref('naming', 'stg_one') }}
