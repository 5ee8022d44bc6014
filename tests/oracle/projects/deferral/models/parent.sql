{{ config(materialized='table', contract={'enforced': true}) }}
select 1::integer as id
