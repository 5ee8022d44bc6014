{{ config(alias='other_name', schema='apart') }} select 1 as id
