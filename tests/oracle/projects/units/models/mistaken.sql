select id + 1 as id2 from {{ ref('people') }}
