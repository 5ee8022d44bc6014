{{ config(materialized='table', persist_docs={'relation': true, 'columns': true}) }} select id, cast(1.5 as numeric(10, 2)) as amount, 'é' as text, true as flag from {{ ref('a_view') }}
