{{ config(materialized='incremental', unique_key='id') }}
select id, score from {{ ref('adults') }}
{% if is_incremental() %} where id > (select coalesce(max(id), 0) from {{ this }}) {% endif %}
