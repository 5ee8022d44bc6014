{{ config(materialized='table_function', parameters=['wanted']) }} select * from {{ ref('indexed') }} where kind = wanted
