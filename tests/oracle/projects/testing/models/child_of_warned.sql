select * from {{ ref('good') }} where id in (select id from {{ ref('codes') }})
