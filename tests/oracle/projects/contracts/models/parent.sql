{{ config(materialized='table', contract={'enforced': true}) }}
select 1 as id, 'a' as name, 1.5::decimal(5,2) as amount, date '2024-01-01' as day
