{{ config(materialized='table') }}
select * from (values (1, 'open', 10.5, date '2024-01-15'), (2, 'done', 20.25, date '2024-02-20'), (3, 'open', null, null)) t(id, status, amount, day)
