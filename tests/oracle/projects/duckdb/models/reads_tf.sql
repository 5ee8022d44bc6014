select * from {{ ref('tf') }}('a')
