{{ config(materialized='ephemeral') }} select id, name from {{ ref('adults') }} where score is not null
