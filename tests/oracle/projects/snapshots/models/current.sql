select * from {{ ref('check_all') }} where dbt_valid_to is null
