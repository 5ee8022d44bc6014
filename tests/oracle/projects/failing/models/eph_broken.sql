{{ config(materialized='ephemeral') }} select * from nowhere_at_all
