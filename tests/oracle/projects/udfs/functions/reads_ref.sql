(select count(*) from {{ ref('base') }}) + x
