select count(*) as n from {{ ref('a_base') }}
