select * from {{ ref('good') }} where id > 100
