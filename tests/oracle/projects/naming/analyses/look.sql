{{ config(tags=['an']) }} select * from {{ ref('in_more') }} where {{ naming_only(1, b=3) }} > 1
