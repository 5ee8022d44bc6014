{{ config(alias='customers_clean', meta={'owner': 'ada'}) }}
select id as customer_id, name, cast(joined_on as date) as joined_on, is_active, score
from {{ ref('raw_customers') }}
