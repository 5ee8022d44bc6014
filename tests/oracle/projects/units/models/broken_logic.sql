select id + 1 as id2, name from {{ ref('people') }}
