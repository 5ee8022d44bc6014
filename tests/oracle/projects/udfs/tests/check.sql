select * from {{ ref('uses') }} where {{ function('double_it') }}(1) <> 2
