{{ config(materialized='table') }}
select cast({{ "'x'" if not var('mend') else "'6'" }} as integer) as id
